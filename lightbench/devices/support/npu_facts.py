"""What a process that has imported torch_npu says of a device: asked here and in the child that probes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import metadata

_SETTINGS = (
    "TASK_QUEUE_ENABLE",
    "ASCEND_LAUNCH_BLOCKING",
    "CPU_AFFINITY_CONF",
    "ACL_OP_COMPILER_CACHE_MODE",
    "PYTORCH_NPU_ALLOC_CONF",
)


def facts_here(index: int) -> Mapping[str, str | int | None]:
    """What this process, which has imported torch_npu, says of a device."""
    from torch_npu import npu
    from torch_npu.npu.utils import get_cann_version

    return {
        "accelerator": npu.get_device_name(index),
        "torch_npu": metadata.version("torch-npu"),
        "cann": get_cann_version() or None,
        "driver": get_cann_version("DRIVER") or None,
        "hf32_conv": str(npu.conv.allow_hf32),
        "hf32_matmul": str(npu.matmul.allow_hf32),
        "internal_format": "False",
        "npu_settings": ", ".join(f"{k}={os.environ[k]}" for k in _SETTINGS if k in os.environ)
        or None,
    }


def memory_here(index: int) -> int | None:
    """The same of a device's memory, in bytes."""
    from torch_npu import npu

    return getattr(npu.get_device_properties(index), "total_memory", None)
