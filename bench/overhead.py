"""What timers add: how long an empty call seems to take, and how long it takes to find out."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from measure import Claim, clocked, estimate, verdict, with_interval
from torch.utils.benchmark import Timer

from lightbench import units
from lightbench.devices import cpu
from lightbench.stats.median import median
from lightbench.timing.warmup import BLOCK_S, calls_per_sample
from lightbench.views.table import Column, Table

TITLE = "Overhead of timers"
CASES = ("empty call",)
TARGET_S = 200e-9
SINGLES = 1000  # single calls in one round, of which the median is kept


class Cost(NamedTuple):
    """Seconds per call: what the timer says, and what it spends."""

    reading_s: float
    total_s: float


Costs = Mapping[str, list[Cost]]  # timer -> costs, round by round


def empty() -> None:
    """What is timed."""


def readers(case: str) -> dict[str, Callable[[], Cost]]:
    """Single calls and blocks of calls, by lightbench, by PyTorch and by the standard library."""
    step = cpu.at().step(empty, torch.inference_mode)
    block = calls_per_sample(step(SINGLES).wall_s)
    blocks = f"blocks of {units.seconds(BLOCK_S)}"
    torch_timer = Timer("empty()", globals={"empty": empty})
    plain_timer = timeit.Timer("empty()", globals={"empty": empty})
    return {
        "lightbench, single calls": _singles(lambda: step(1).wall_s),
        f"lightbench, {blocks}": _block(lambda: (step(block).wall_s, block)),
        "torch Timer.timeit(1)": _singles(lambda: torch_timer.timeit(1).median),
        "torch Timer.blocked_autorange()": _block(lambda: _autorange(torch_timer)),
        "timeit, single calls": _singles(lambda: plain_timer.timeit(1)),
        f"timeit, {blocks}": _block(lambda: (plain_timer.timeit(block) / block, block)),
    }


def _autorange(timer: Timer) -> tuple[float, int]:
    measured = timer.blocked_autorange()
    return measured.median, measured.number_per_run * len(measured.times)


def _singles(read: Callable[[], float]) -> Callable[[], Cost]:
    """Many timings of one call each."""
    return _block(lambda: (median(read() for _ in range(SINGLES)), SINGLES))


def _block(read: Callable[[], tuple[float, int]]) -> Callable[[], Cost]:
    """``read`` gives a reading per call and the number of calls it is from."""
    out: list[Any] = []
    spent = clocked(lambda: out.append(read()))

    def cost() -> Cost:
        total_s = spent()
        reading_s, calls = out.pop()
        return Cost(reading_s, total_s / calls)

    return cost


def claims(case: str, found: Costs) -> list[Claim]:
    """lightbench attributes little of its own to a call, alone or in a block."""
    return [
        Claim(
            f"{case}, {timer}",
            estimate([cost.reading_s for cost in costs]),
            at_most=TARGET_S,
            text=units.seconds,
        )
        for timer, costs in found.items()
        if timer.startswith("lightbench")
    ]


def table(results: Mapping[str, Costs]) -> Table:
    """One row a timer."""
    columns = (
        Column("timer", "timer", "{}".format, align="left"),
        Column("reading_s", "reading of an empty call", with_interval(units.seconds)),
        Column("total_s", "total cost per call", with_interval(units.seconds)),
        Column("target_s", "reading at most", units.seconds),
        Column("verdict", "verdict", "{}".format, align="left"),
    )
    rows = []
    for case, found in results.items():
        for timer, costs in found.items():
            judged = verdict(claims(case, {timer: costs}))
            reading, total = (estimate(values) for values in zip(*costs, strict=True))
            rows.append((timer, reading, total, TARGET_S if judged else None, judged))
    notes = (
        "reading: what the timer says an empty Python function takes, the call itself included.",
        "total cost: all the time spent on it, divided by the calls that the reading is from.",
    )
    return Table(TITLE, columns, tuple(rows), notes)
