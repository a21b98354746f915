"""What can be compared: each metric's heading, and how its value is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightbench import units

# metric -> how its value is written
METRICS: dict[str, Callable[[Any], str]] = {
    "latency_s": units.seconds,
    "params": units.count,
    "stored_params": units.count,
    "param_bytes": units.size,
    "madds": units.count,
    "mem_access": units.count,
    "mem_bytes": units.size,
    "fused_bytes": units.size,
    "activations": units.count,
    "peak_memory_bytes": units.size,
}


# What is compared exactly; a network that is code has no stored parameters, and a model file no params.
COUNTED = ("params", "stored_params", "madds", "mem_access", "mem_bytes")


HEADINGS = {
    "latency_s": "latency",
    "params": "params",
    "stored_params": "stored parameters",
    "param_bytes": "weights",
    "madds": "MAdds",
    "mem_access": "paper memory access",
    "mem_bytes": "memory access",
    "fused_bytes": "fused memory access",
    "activations": "activations",
    "peak_memory_bytes": "peak memory",
}


def change(value: float | None) -> str:
    """A fraction as a change: +4.1 %, -0.3 %, 0.0 %."""
    if value is None:
        return units.DASH
    text = units.percent(value)
    return f"+{text}" if value > 0 else text
