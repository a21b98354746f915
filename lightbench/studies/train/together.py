"""Several devices that learn one network: PyTorch's own DistributedDataParallel, in processes that torchrun starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.distributed as dist

from lightbench.errors import UsageError

BACKENDS = {"cpu": "gloo", "cuda": "nccl", "npu": "hccl", "xpu": "xccl"}


class Together(NamedTuple):
    """Which of how many processes this is; ``local`` of those on this machine."""

    rank: int = 0
    devices: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Is it the one that writes and speaks?"""
        return self.rank == 0


def from_environment() -> Together:
    """As torchrun says; one process without it."""
    environ = os.environ
    if "TORCHELASTIC_RUN_ID" not in environ and "WORLD_SIZE" not in environ:
        return Together()
    return Together(
        int(environ.get("RANK", "0")),
        int(environ.get("WORLD_SIZE", "1")),
        int(environ.get("LOCAL_RANK", "0")),
    )


def device_of(name: str, together: Together) -> str:
    """Each process of a machine has a device of its own: cuda becomes cuda:1 in the second. Raises UsageError for one that
    is named for all."""
    if together.devices == 1 or name == "cpu":
        return name
    if ":" in name:
        raise UsageError(
            f"under torchrun each process has a device of its own, and {name!r} is one.",
            f"Try --device {name.partition(':')[0]}.",
        )
    return f"{name}:{together.local}"


@contextmanager
def joined(together: Together, kind: str) -> Iterator[None]:
    """The processes know each other meanwhile. Raises UsageError for a device that PyTorch cannot do this on."""
    if together.devices == 1:
        yield
        return
    if kind not in BACKENDS:
        raise UsageError(f"several devices {kind} cannot learn together.", "Leave out torchrun.")
    dist.init_process_group(BACKENDS[kind])
    try:
        yield
    finally:
        dist.destroy_process_group()


def summed(values: list[float], together: Together, device: torch.device) -> list[float]:
    """The sums over all processes."""
    if together.devices == 1:
        return values
    tensor = torch.tensor(values, dtype=torch.float64 if device.type == "cpu" else torch.float32)
    tensor = tensor.to(device)
    dist.all_reduce(tensor)
    found: list[float] = tensor.tolist()
    return found
