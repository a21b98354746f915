"""What PyTorch's accelerators do not share: one row per device, which its file fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from lightbench.devices.support.base import Facts
from lightbench.devices.support.health import Read
from lightbench.errors import DeviceUnavailable

Replay = Callable[[], Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Quirks:
    """A row. Functions take the number of the device among the visible ones."""

    probe: Callable[[int], DeviceUnavailable | None]  # in no time, and without starting anything
    facts: Callable[
        [int], Facts
    ]  # name, driver, versions, switches: equal, or times do not compare
    start: Callable[[], None] = field(
        default=lambda: None
    )  # once per process, before anything else
    set_up: Callable[[Sequence[str]], None] = field(default=lambda _options: None)
    visible: str = ""  # the variable that hides devices
    channels_last: bool = True
    float64: bool = True
    options: tuple[str, ...] = ()  # beyond those of all
    # Runs a call once while its kernels are recorded; gives what plays them again.
    capture: Callable[[Callable[[], Any]], Replay] | None = None
    memory_bytes: Callable[[int], int | None] = field(default=lambda _index: None)
    l2_bytes: Callable[[int], int | None] = field(default=lambda _index: None)
    health: Callable[[int], Read | None] = field(default=lambda _index: None)
    watch_s: float = 0.1  # between two looks at clock, temperature and power
    # The environment of a process of its own in which operators that have no kernel are errors;
    # None: the device needs no process of its own.
    strict: Mapping[str, str] | None = None
    fell_back: Callable[[str], bool] = field(default=lambda _message: False)
    # Collects what ran somewhere else meanwhile, as warnings.
    noticing: Callable[[], AbstractContextManager[list[str]]] = field(
        default=lambda: nullcontext([])
    )


def in_torch(kind: str, hint: str) -> Callable[[int], DeviceUnavailable | None]:
    """A probe for what is part of PyTorch: does this build have it, and is there a device?"""

    def probe(index: int) -> DeviceUnavailable | None:
        count = devices_of(kind)
        if count == 0:
            return DeviceUnavailable(f"no {kind} device here: {_why_none(kind)}.", hint)
        return beyond(kind, index, count)

    return probe


def beyond(kind: str, index: int, count: int) -> DeviceUnavailable | None:
    """The answer to ``npu:5`` where there are two."""
    if index < count:
        return None
    last = f"{kind}:0 to {kind}:{count - 1}" if count > 1 else f"{kind}:0"
    return DeviceUnavailable(f"there is no {kind}:{index} here, only {last}.", "Try one of those.")


def devices_of(kind: str) -> int:
    """How many there are, if it is what this PyTorch drives: a process has one kind at most."""
    current = torch.accelerator.current_accelerator(check_available=True)
    return torch.accelerator.device_count() if current and current.type == kind else 0


def _why_none(kind: str) -> str:
    current = torch.accelerator.current_accelerator(check_available=True)
    if current is not None:
        return f"PyTorch drives {current.type} in this process"
    built = torch.accelerator.current_accelerator()
    if built is None or built.type != kind:
        return f"PyTorch {torch.__version__} is built without it"
    return "PyTorch finds none"
