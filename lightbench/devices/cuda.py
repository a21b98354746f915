"""GPUs of NVIDIA, and those of AMD under ROCm, which PyTorch calls cuda too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from lightbench.devices.support import nvml
from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.health import Read
from lightbench.devices.support.quirks import Quirks, devices_of, in_torch
from lightbench.errors import DeviceUnavailable

_HINT = "Is there a GPU with its driver, and a CUDA or ROCm build of PyTorch? Try --device auto."


def is_rewired() -> bool:
    """Has ``torch_npu.contrib.transfer_to_npu`` made torch.cuda mean the NPU?"""
    built = torch.version.cuda is not None or torch.version.hip is not None
    return not built and torch.cuda.is_available()


def _probe(index: int) -> DeviceUnavailable | None:
    if is_rewired():
        return DeviceUnavailable(
            "torch.cuda is an NPU in this process: transfer_to_npu has rewired it.",
            "Remove `from torch_npu.contrib import transfer_to_npu`, and use --device npu.",
        )
    return in_torch("cuda", _HINT)(index)


def _facts(index: int) -> Mapping[str, str | int | None]:
    cudnn = torch.backends.cudnn
    return {
        "accelerator": torch.cuda.get_device_name(index),
        "driver": nvml.driver(),
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "cudnn": cudnn.version(),  # type: ignore[no-untyped-call]
        "cudnn_benchmark": str(cudnn.benchmark),
        "matmul_precision": str(torch.backends.cuda.matmul.fp32_precision),
        "conv_precision": str(cudnn.conv.fp32_precision),  # type: ignore[attr-defined]
    }


def _health(index: int) -> Read | None:
    if torch.version.hip is not None:
        return None
    return nvml.reader(str(torch.cuda.get_device_properties(index).uuid), index)


def _l2_bytes(index: int) -> int | None:
    return int(torch.cuda.get_device_properties(index).L2_cache_size)


def _capture(call: Callable[[], Any]) -> Callable[[], Any]:
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = call()

    def replay() -> Any:
        graph.replay()
        return output

    return replay


def _memory_bytes(index: int) -> int | None:
    return int(torch.cuda.get_device_properties(index).total_memory)


QUIRKS = Quirks(
    probe=_probe,
    facts=_facts,
    memory_bytes=_memory_bytes,
    visible="CUDA_VISIBLE_DEVICES",
    capture=_capture,
    l2_bytes=_l2_bytes,
    health=_health,
)


def at(index: int, options: tuple[str, ...] = ()) -> Accelerator:
    """One of them."""
    return accelerator("cuda", index, QUIRKS, options)


def count() -> int:
    """How many there are."""
    return 0 if is_rewired() else devices_of("cuda")
