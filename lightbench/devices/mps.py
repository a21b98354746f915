"""The GPU of a Mac."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import torch

from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.quirks import Quirks, devices_of, in_torch

_HINT = "It takes a Mac with Apple silicon and macOS 14 or later. Try --device auto."


def _facts(_index: int) -> Mapping[str, str | int | None]:
    return {"accelerator": platform.processor() or None, "macos": platform.mac_ver()[0] or None}


QUIRKS = Quirks(
    probe=in_torch("mps", _HINT),
    facts=_facts,
    memory_bytes=lambda _index: int(torch.mps.recommended_max_memory()),
    float64=False,
)


def at(index: int, options: tuple[str, ...] = ()) -> Accelerator:
    """The only one: ``mps:0``."""
    return accelerator("mps", index, QUIRKS, options)


def count() -> int:
    """How many there are."""
    return devices_of("mps")
