"""Each network's accuracy and time, out of the records of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lightbench.records import Record
from lightbench.records.findings import Evaluation
from lightbench.stats.interval import Interval
from lightbench.stats.mean import mean_of
from lightbench.stats.pareto import front


class Point(NamedTuple):
    """``timed`` is the record of its time. ``accuracy``: a share, with Wilson's interval of one training, with Student's
    of the mean of several; None where it was not evaluated."""

    timed: Record
    accuracy: Interval | None
    evaluations: tuple[Evaluation, ...]

    @property
    def time(self) -> Interval | None:
        """Seconds of a call; None where it was not timed."""
        found = self.timed.latency
        return Interval(found.median_s, found.low_s, found.high_s) if found else None

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """Of the trainings."""
        return tuple(each.seed for each in self.evaluations)


def points_of(records: Sequence[Record]) -> tuple[Point, ...]:
    """One for each case that was timed, with the evaluations of the same network, engine and precision; of those with
    the same weights the last counts."""
    evaluated = [(record.case, record.evaluation) for record in records if record.evaluation]
    found = []
    for record in records:
        if record.study != "profile" or (record.run and record.run.anchor):
            continue
        case = record.case
        of = {
            each.digest: each
            for other, each in evaluated
            if (other.model, other.engine, other.dtype) == (case.model, case.engine, case.dtype)
        }
        found.append(Point(record, _accuracy(tuple(of.values())), tuple(of.values())))
    return tuple(found)


def best(points: Sequence[Point]) -> set[int]:
    """Those (by position) that none other beats in both time and accuracy."""
    known = [
        (i, point.time.median, point.accuracy.median)
        for i, point in enumerate(points)
        if point.time is not None and point.accuracy is not None and not point.timed.suspicions
    ]
    on = front([time for _, time, _ in known], [accuracy for _, _, accuracy in known])
    return {known[i][0] for i in on}


def _accuracy(evaluations: Sequence[Evaluation]) -> Interval | None:
    if not evaluations:
        return None
    if len(evaluations) == 1:
        (one,) = evaluations
        return Interval(one.top1, one.interval.low, one.interval.high)
    mean = mean_of([each.top1 for each in evaluations])
    return Interval(mean.mean, mean.low, mean.high)
