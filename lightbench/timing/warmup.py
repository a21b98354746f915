"""The first call of a case, and calls until it is steady; how many calls make one sample."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lightbench.stats.median import median
from lightbench.timing.clock import Reading, Step, read
from lightbench.timing.stopping import (
    Rule,
)

SHORT_S = 50e-6  # calls below this are timed in blocks: reading the clocks costs up to 2 us
BLOCK_S = 1e-3  # how long such a block lasts, so that the harness is below 0.2 % of it
MAX_CALLS = 2**20  # in one block, whatever a broken clock says
WINDOW = 5  # blocks: steady when the medians of the last two windows agree ...
STEADY = 0.05  # ... within this fraction
MIN_WARMUP_S = 0.1  # a clock frequency takes tens of milliseconds to rise
MAX_WARMUP_BLOCKS = 10_000


class Warm(NamedTuple):
    """A case that is ready for rounds; ``typical_s`` is how long one call takes."""

    step: Step
    first_call_s: float
    warmup_calls: int
    typical_s: float
    calls_per_sample: int
    samples_per_round: int = 1


def is_steady(times: Sequence[float]) -> bool:
    """Do the medians of the last two windows of 5 blocks agree within 5 %?"""
    if len(times) < 2 * WINDOW:
        return False
    before, last = median(times[-2 * WINDOW : -WINDOW]), median(times[-WINDOW:])
    return abs(last - before) <= STEADY * before


def calls_per_sample(wall_s: float) -> int:
    """How many calls of this length make one timed block: 1 from 50 us on, else what fills 1 ms."""
    return 1 if wall_s >= SHORT_S else math.ceil(min(BLOCK_S / wall_s, MAX_CALLS))


def warm_up(step: Step, rule: Rule, clock: Callable[[], float]) -> Warm:
    """The first call, then blocks until they are steady and 0.1 s have passed, or the budget is
    spent. The first call (a compilation, perhaps) is not charged; one block is run in any case."""
    first = read(step, 1)
    began = clock()
    taken: deque[Reading] = deque(maxlen=2 * WINDOW)
    block, calls = 1, 0
    for _ in range(MAX_WARMUP_BLOCKS):
        taken.append(read(step, block))
        calls += block
        spent = clock() - began
        if spent >= rule.warmup_s or (
            spent >= MIN_WARMUP_S and is_steady([r.time_s for r in taken])
        ):
            break
        if block * taken[-1].wall_s < BLOCK_S:
            block = min(2 * block, MAX_CALLS)
    typical_s = median([r.wall_s for r in taken][-WINDOW:])
    return Warm(step, first.wall_s, calls, typical_s, calls_per_sample(typical_s))
