"""Where the time of a call goes: its operators beside the whole call, round by round.

Pure: what is run, the clock and the random order are handed in.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import msgspec

from lightbench.records import Costs, Op, Record
from lightbench.records.findings import LayerTimes, PartTime
from lightbench.stats.interval import Interval
from lightbench.stats.median import ENOUGH, interval_of
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.studies.count.groups import OTHER, Group, grouped
from lightbench.studies.count.tree import Branch
from lightbench.timing.clock import Reading, Step
from lightbench.timing.stopping import REPORT_EVERY_S, Budget, Progress

WARMUP = 2  # rounds that are thrown away
PATIENCE = 10  # times the wanted seconds; then there are fewer rounds than an interval needs
MAX_ROUNDS = 10_000  # ends the rounds even if the clock stands still

VIEWS = "(views)"


class Pass(NamedTuple):
    """Seconds of every operator of one pass, in the order in which they ran, and of all operators
    together that have no row: views, and tensors made from nothing."""

    operators_s: tuple[float, ...]
    views_s: float

    @property
    def sum_s(self) -> float:
        return math.fsum((*self.operators_s, self.views_s))


class Round(NamedTuple):
    """One pass operator by operator, and one undisturbed call."""

    parts: Pass
    whole: Reading


@dataclass(frozen=True)
class Part(Group):
    """A group of operators with its time, and its share of the time of all operators. ``ops`` is empty for views,
    which cost nothing but time."""

    time: Interval  # seconds
    share: Interval  # 0 to 1

    @property
    def time_s(self) -> float:
        """Median seconds."""
        return self.time.median


@dataclass(frozen=True)
class Breakdown:
    """The operators of one network as they were timed. ``record`` is that of the whole call, timed
    in the same rounds: its samples and ``passes`` belong together one by one, and each pass has one
    time for each of its costs' operators. Raises ValueError for what does not fit together."""

    record: Record
    passes: tuple[Pass, ...]

    def __post_init__(self) -> None:
        if len(self.passes) != len(self._whole_s):
            raise ValueError("every round has one pass and one whole call")
        for taken in self.passes:
            if len(taken.operators_s) != len(self.ops):
                raise ValueError(f"{len(taken.operators_s)} times for {len(self.ops)} operators")
            times = (*taken.operators_s, taken.views_s)
            if not all(math.isfinite(time) and time >= 0 for time in times) or not sum(times):
                raise ValueError("times must be finite, not negative, and not all zero")

    @property
    def ops(self) -> tuple[Op, ...]:
        """What was timed, in the order in which it ran."""
        return self.record.costs.ops if self.record.costs else ()

    @property
    def _whole_s(self) -> tuple[float, ...]:
        return self.record.samples.times_s if self.record.samples else ()

    @cached_property
    def _sums_s(self) -> list[float]:
        return [taken.sum_s for taken in self.passes]

    @property
    def whole(self) -> Interval:
        """Seconds of the undisturbed call."""
        return interval_of(self._whole_s)

    @property
    def total(self) -> Interval:
        """Seconds of all operators together, views included."""
        return interval_of(self._sums_s)

    @property
    def over_whole(self) -> Ratio:
        """The operators' sum over the whole call, in pairs of one round."""
        return paired_ratio(self._whole_s, self._sums_s)

    @property
    def views(self) -> Part:
        """Operators that move nothing."""
        return self._part(VIEWS, (), [taken.views_s for taken in self.passes])

    @cached_property
    def layers(self) -> tuple[Part, ...]:
        """One part per operator, in the order in which they ran; their views are apart."""
        columns = zip(*(taken.operators_s for taken in self.passes), strict=True)
        return tuple(
            self._part(op.path, (op,), times) for op, times in zip(self.ops, columns, strict=True)
        )

    def parts(self, by: str) -> list[Part]:
        """The operators in groups; ``by`` is a key of `BY`. The groups of Figure 2 are always the same four, in
        that order, views among the others; kinds and operators have the slowest first, modules stand as they ran,
        and all of them have views last."""
        groups = grouped(self.ops, by).items()
        parts = [self._group(name, at, views=by == "group") for name, at in groups]
        if by in ("kind", "op"):
            parts.sort(key=lambda part: -part.time_s)
        return parts if by == "group" else [*parts, self.views]

    def inside(self, branches: Iterable[Branch]) -> list[Part]:
        """Modules with all operators that ran in them; views are in none."""
        return [self._group(branch.name, branch.at, views=False) for branch in branches]

    def _group(self, name: str, at: Sequence[int], *, views: bool) -> Part:
        extra = views and name == OTHER
        times = [
            math.fsum((*(taken.operators_s[i] for i in at), taken.views_s if extra else 0.0))
            for taken in self.passes
        ]
        return self._part(name, tuple(self.ops[i] for i in at), times)

    def _part(self, name: str, ops: tuple[Op, ...], times: Sequence[float]) -> Part:
        shares = (time / total for time, total in zip(times, self._sums_s, strict=True))
        return Part(name, ops, interval_of(times), interval_of(shares))

    @cached_property
    def explained(self) -> Record:
        """The record with the times of its operators: all that is kept of the rounds."""
        over = self.over_whole
        layers = LayerTimes(
            rounds=len(self.passes),
            total_s=self.total,
            over_whole=Interval(over.ratio, over.low, over.high),
            operators=tuple(map(_part_time, self.layers)),
            kinds=tuple(map(_part_time, self.parts("group"))),
            views=_part_time(self.views),
        )
        return msgspec.structs.replace(self.record, found=layers)


def _part_time(part: Part) -> PartTime:
    return PartTime(name=part.name, time_s=part.time, share=part.share)


def layers_of(record: Record) -> list[Part]:
    """What `Breakdown.layers` was. Raises ValueError for a record without times of operators."""
    costs, layers = costs_and_times(record)
    pairs = zip(layers.operators, costs.ops, strict=True)
    return [Part(op.path, (op,), timed.time_s, timed.share) for timed, op in pairs]


def kinds_of(record: Record) -> list[Part]:
    """What ``Breakdown.parts("group")`` was. Raises ValueError for a record without times of
    operators."""
    costs, layers = costs_and_times(record)
    ops = {
        name: tuple(costs.ops[i] for i in at) for name, at in grouped(costs.ops, "group").items()
    }
    return [Part(k.name, ops.get(k.name, ()), k.time_s, k.share) for k in layers.kinds]


def costs_and_times(record: Record) -> tuple[Costs, LayerTimes]:
    """The operators of a record, and a time for each. Raises ValueError if it holds none."""
    if record.layers is None or record.costs is None:
        raise ValueError(f"the record of {record.case.model!r} has no times of operators")
    return record.costs, record.layers


def alternate(
    parts: Callable[[], Pass],
    whole: Step,
    *,
    seconds: float,
    clock: Callable[[], float],
    rng: random.Random,
    report: Callable[[Progress], None] | None = None,
) -> tuple[Reading, list[Round]]:
    """The very first call, and rounds of one pass and one call in random order, the first two of
    which are thrown away.

    They end when the next one would not fit into ``seconds``, but not before there are 6, which an
    interval needs, unless that takes ten times as long. ``clock`` gives seconds and only ever
    decides when to stop. Ctrl-C passes through.
    """

    def one() -> Round:
        if rng.random() < 0.5:
            reading = whole(1)
            return Round(parts(), reading)
        return Round(parts(), whole(1))

    first = whole(1)
    for _ in range(WARMUP):
        one()
    rounds: list[Round] = []
    budget = Budget(seconds, MAX_ROUNDS)
    began, reported = clock(), -math.inf
    while True:
        rounds.append(one())
        n, done_s = len(rounds), clock() - began
        patient = n < ENOUGH and done_s <= PATIENCE * seconds
        if not patient and not budget.fits_another(done_s, n):
            break
        if report and done_s - reported >= REPORT_EVERY_S:
            left_s = max(seconds, ENOUGH * done_s / n) - done_s
            report(Progress(done_s, max(left_s, 0.0), n, None))
            reported = done_s
    return first, rounds
