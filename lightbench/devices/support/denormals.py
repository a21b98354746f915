"""Denormal numbers: so small that a processor works on them in microcode, tens of times slower.

Weights of a network that was trained with much decay, and signals that die out from layer to layer,
are such. `torch.set_flush_denormal` takes them for zero, on the thread that calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lightbench.process import switches
from lightbench.timing.clock import Step

FLUSHING = "flushing of denormal numbers"  # the switch
SLOW = 1.5  # so many times slower is a word worth
BY_S = 20e-6  # and by so much: single calls of microseconds differ by themselves
PAIRS = 5
ODD = 0.01  # of all weights: a word worth, however fast this processor is with them
SHORT_S = 1e-3
LONG_S = 0.1  # of longer calls only those are tried whose weights give reason to


class Cost(NamedTuple):
    """Seconds of a call, with them and with zeros in their place."""

    with_s: float
    without_s: float

    @property
    def slower(self) -> float | None:
        """So many times, where that is worth a word."""
        times = self.with_s / self.without_s
        return times if times > SLOW and self.with_s - self.without_s > BY_S else None


def share(tensors: Iterable[Tensor]) -> float:
    """How much of the floating-point numbers is denormal: 0.25 is a quarter."""
    floats = [t for t in tensors if t.dtype in (torch.float32, torch.float64) and not t.is_meta]
    few = sum(int(_denormal(t).sum()) for t in floats)
    return few / sum(t.numel() for t in floats) if few else 0.0


def _denormal(tensor: Tensor) -> Tensor:
    size = tensor.detach().abs()
    return (size < torch.finfo(tensor.dtype).tiny) & (size != 0)


def cost(step: Step) -> Cost | None:
    """Calls with and without them in turn; None where this processor cannot do without, or does
    already, and with several threads, of which the others would go on with them."""
    if switches.flushes_denormals() or torch.get_num_threads() > 1:
        return None
    with switches.kept():
        if not torch.set_flush_denormal(True):
            return None
        times: dict[bool, list[float]] = {False: [], True: []}
        for pair in range(PAIRS):
            for flush in (
                (False, True) if pair % 2 else (True, False)
            ):  # the first is slower by itself
                times[flush].append(_timed(step, flush=flush))
    return Cost(min(times[False]), min(times[True]))


def _timed(step: Step, *, flush: bool) -> float:
    """By the CPU clock of this thread, which alone has the switch: the wall's also counts the waiting for a core. It
    takes a microsecond to read, so that short calls are by the wall's."""
    with switches.held({FLUSHING: flush}):
        reading = step(1)
    return reading.cpu_s if reading.cpu_s and reading.wall_s > SHORT_S else reading.time_s


def flushing(
    context: Callable[[], AbstractContextManager[Any]],
) -> Callable[[], AbstractContextManager[Any]]:
    """The context, in which they are zero."""

    @contextmanager
    def around() -> Iterator[None]:
        with switches.held({FLUSHING: True}), context():
            yield

    return around
