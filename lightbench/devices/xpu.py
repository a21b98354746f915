"""GPUs of Intel."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.quirks import Quirks, devices_of, in_torch

_HINT = "Is there an Intel GPU with its driver, and an XPU build of PyTorch? Try --device auto."


def _facts(index: int) -> Mapping[str, str | int | None]:
    properties = torch.xpu.get_device_properties(index)
    return {
        "accelerator": torch.xpu.get_device_name(index),
        "driver": getattr(properties, "driver_version", None),
        "xpu": torch.version.xpu,
    }


def _memory_bytes(index: int) -> int | None:
    return int(torch.xpu.get_device_properties(index).total_memory)


QUIRKS = Quirks(
    probe=in_torch("xpu", _HINT),
    facts=_facts,
    memory_bytes=_memory_bytes,
    visible="ZE_AFFINITY_MASK",
)


def at(index: int, options: tuple[str, ...] = ()) -> Accelerator:
    """One of them."""
    return accelerator("xpu", index, QUIRKS, options)


def count() -> int:
    """How many there are."""
    return devices_of("xpu")
