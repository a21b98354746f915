"""Records -> series of points that differ in one thing, each with its efficiency beside the first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightbench.records import Case, Record
from lightbench.stats.median import by_round
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.studies.scaling.axes import AXES, Axis


@dataclass(frozen=True)
class Point:
    """One case of a series. ``speed``: throughput over the first point's; ``efficiency`` as its axis has it.
    None where either has no time that can be believed."""

    record: Record
    size: float
    speed: Ratio | None
    efficiency: Ratio | None


@dataclass(frozen=True)
class Series:
    """Cases that differ on one axis, the smallest first."""

    axis: str
    points: tuple[Point, ...]

    @property
    def about(self) -> Axis:
        """The axis itself."""
        return AXES[self.axis]

    @property
    def timed(self) -> tuple[Point, ...]:
        """The points that have a time."""
        return tuple(point for point in self.points if has_time(point.record))


def has_time(record: Record) -> bool:
    """Has it one that can be?"""
    return record.latency is not None and not record.suspicions


def all_series(records: Iterable[Record], axis: str | None = None) -> list[Series]:
    """The series that these records are, on ``axis`` or on the first on which some of them differ; of
    records of one case the last counts. Records that belong to none are left out."""
    asked = (record for record in records if not (record.run and record.run.anchor))
    latest = {record.case: record for record in asked}
    for name in [axis] if axis else AXES:
        groups: dict[Case, list[Record]] = {}
        for case, record in latest.items():
            if AXES[name].size(record) is not None:
                groups.setdefault(AXES[name].rest(case), []).append(record)
        if axis or any(len(group) > 1 for group in groups.values()):
            return [_series(name, group) for group in groups.values() if axis or len(group) > 1]
    return []


def _series(axis: str, records: Sequence[Record]) -> Series:
    size = AXES[axis].size
    rising = sorted(records, key=lambda record: size(record) or 0)
    first = next((record for record in rising if has_time(record)), None)
    return Series(axis, tuple(_point(AXES[axis], record, first) for record in rising))


def _point(axis: Axis, record: Record, first: Record | None) -> Point:
    size = axis.size(record) or 0.0
    if first is None or not has_time(record):
        return Point(record, size, None, None)
    speed = throughput_ratio(first, record)
    over = 1.0
    if axis.divided:
        over = size / (axis.size(first) or 1)
    if axis.work:
        over = _madds(first) / _madds(record) if _madds(first) and _madds(record) else 0.0
    return Point(record, size, speed, divided(speed, over) if over else None)


def _madds(record: Record) -> float:
    """Of one image."""
    return record.costs.madds / record.case.batch if record.costs else 0.0


def throughput_ratio(a: Record, b: Record) -> Ratio:
    """How many times the throughput of ``a`` that of ``b`` is. Round by round where both were timed in the
    same ones; otherwise of the medians, with bounds from those of both, which are the wider."""
    times = _times(b, a)  # less time is more throughput
    return divided(times, a.case.batch / b.case.batch)


def _times(a: Record, b: Record) -> Ratio:
    """Time of ``b`` over that of ``a``."""
    if a is b:
        return Ratio(0.0, 0.0, 0.0, 1)
    if a.samples and b.samples and a.run and b.run and a.run.id == b.run.id:
        x, y = (by_round(s.times_s, s.samples_per_round) for s in (a.samples, b.samples))
        if len(x) == len(y):
            return paired_ratio(x, y)
    assert a.latency is not None
    assert b.latency is not None
    low = high = None
    ends = (a.latency.low_s, a.latency.high_s, b.latency.low_s, b.latency.high_s)
    if None not in ends:
        a_low, a_high, b_low, b_high = (math.log(end or 1) for end in ends)
        low, high = b_low - a_high, b_high - a_low
    log = math.log(b.latency.median_s / a.latency.median_s)
    return Ratio(log, low, high, min(a.latency.n, b.latency.n))


def divided(ratio: Ratio, by: float) -> Ratio:
    """The ratio and its bounds over an exact number."""
    log = math.log(by)
    low, high = (None if x is None else x - log for x in (ratio.log_low, ratio.log_high))
    return Ratio(ratio.log - log, low, high, ratio.n)
