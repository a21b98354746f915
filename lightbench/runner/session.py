"""What stands around a measurement: the process given back as it was, the environment, the threads."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import torch

from lightbench.devices import Device
from lightbench.environment import capture, free_cores
from lightbench.environment.allocator import facts as memory_facts
from lightbench.records import (
    Environment,
    Record,
)


@contextmanager
def process_kept() -> Iterator[None]:
    """Give back what all of the process shares and a network's code may change: the random states of
    Python, NumPy and PyTorch (dropout draws from the caller's), and the filters of warnings."""
    state, numpy = random.getstate(), sys.modules.get("numpy")
    drawn = numpy.random.get_state() if numpy else None
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        try:
            yield
        finally:
            random.setstate(state)
            if numpy:
                numpy.random.set_state(drawn)


def here(device: Device, name: str, threads: int) -> Environment:
    """The environment of what is measured now on a device."""
    return capture.capture(
        threads=threads, extra={"device": name, **device.facts(), **memory_facts()}
    )


def with_noted(where: Environment, noted: Mapping[str, str | int | float | None]) -> Environment:
    """The environment, and what else was noted meanwhile."""
    return msgspec.structs.replace(where, noted={**where.noted, **noted})


def follow(stored: Iterable[Record], device: Device, name: str) -> None:
    """Unless told, take as many threads as the records that are continued have, and not what is free
    just now: their times could not be compared."""
    number = free_cores.stored(stored, here(device, name, 1))
    if number is not None:
        keep_threads(number, device.host_threads(None), "as what is continued has")


def keep_threads(number: int, now: int, why: str) -> None:
    """Take this number instead of what would be taken ``now``, and remember to say so."""
    if number != now:
        free_cores.keep(number, f"threads {number}, {why}, not the {now} that are free now.")
