"""Inputs that a network overwrites (``x.div_(255)``): each call gets them as the first one did.

Left alone, twenty calls later all of it is zeros or denormal numbers, and that is what is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor

from lightbench.records.arguments import tensors_in
from lightbench.timing.clock import CLOCKS, Reading, Step

Context = Callable[[], AbstractContextManager[Any]]


def versions(inputs: Any) -> list[int]:
    """How often each tensor has been written to."""
    return [t._version for t in _tensors(inputs)]  # noqa: SLF001  PyTorch has no other word for it


def restoring(context: Context, inputs: Any, originals: Any) -> Context:
    """The context, which first gives ``inputs`` the values of ``originals``."""
    pairs = list(zip(_tensors(inputs), _tensors(originals), strict=True))

    @contextmanager
    def around() -> Iterator[None]:
        with torch.no_grad():
            for tensor, original in pairs:
                tensor.copy_(original)
        with context():
            yield

    return around


def one_by_one(step: Step) -> Step:
    """A block of calls of which each enters the context anew: seconds per call, as always."""
    return lambda calls: _mean([step(1) for _ in range(calls)])


def _mean(readings: Sequence[Reading]) -> Reading:
    def mean(times: Iterable[float | None]) -> float | None:
        known = [time for time in times if time is not None]
        return sum(known) / len(known) if len(known) == len(readings) else None

    clocks = {clock: mean(getattr(r, clock) for r in readings) for clock in CLOCKS}
    return Reading(**clocks, throttled=next((r.throttled for r in readings if r.throttled), None))  # type: ignore[arg-type]


def _tensors(inputs: Any) -> list[Tensor]:
    return list(tensors_in(inputs))
