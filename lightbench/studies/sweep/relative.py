"""Records of one sweep beside its reference: ratios of time, round by round, and per multiply-add."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lightbench.records import Record, SweepPoint
from lightbench.stats.median import by_round
from lightbench.stats.ratio import Ratio, paired_ratio

KNOWN = 0.03  # a ratio whose interval is wider than +-3 % is marked


@dataclass(frozen=True)
class Relative:
    """One point of a sweep. Ratios are to the reference, of which all are exactly 1."""

    record: Record
    point: SweepPoint
    time: Ratio  # seconds over the reference's
    madds: float | None  # multiply-adds over the reference's
    mem_access: float | None  # paper account, over the reference's
    mem_bytes: float | None  # eager account, over the reference's
    launch_share: float | None  # how much of the time goes into starting the operators

    @property
    def speed(self) -> float:
        """Calls per second over the reference's: what the paper's tables show."""
        return 1 / self.time.ratio

    @property
    def per_madd(self) -> Ratio:
        """Time per multiply-add over the reference's; the time itself where none are counted."""
        return shifted(self.time, self.madds or 1.0)

    @property
    def compared(self) -> Ratio:
        """The ratio that counts in this sweep: of time, or of time per multiply-add."""
        return self.per_madd if self.point.per_madd else self.time

    @property
    def rate(self) -> float | None:
        """Attained multiply-adds per second."""
        if self.record.latency is None or self.record.costs is None:
            return None
        return self.record.costs.madds / self.record.latency.median_s or None

    @property
    def known(self) -> bool:
        """Is the ratio known to +-3 %?"""
        return known(self.time)


def known(ratio: Ratio) -> bool:
    """Is the half width of the interval at most 3 %?"""
    if ratio.log_low is None or ratio.log_high is None:
        return False
    return (ratio.log_high - ratio.log_low) / 2 <= math.log1p(KNOWN)


def shifted(ratio: Ratio, by: float) -> Ratio:
    """The ratio and its bounds divided by an exact number."""
    log = math.log(by)
    return replace(
        ratio,
        log=ratio.log - log,
        log_low=None if ratio.log_low is None else ratio.log_low - log,
        log_high=None if ratio.log_high is None else ratio.log_high - log,
    )


def sweeps(records: Iterable[Record]) -> list[list[Record]]:
    """The records that were timed together, run by run, in the order in which they stand; records
    that belong to no sweep are left out, and one that stands there twice, as in files that were put
    together, counts once."""
    runs: dict[str, dict[str, Record]] = {}
    for record in records:
        if record.sweep:
            runs.setdefault(record.sweep.run, {}).setdefault(record.id, record)
    return [list(run.values()) for run in runs.values()]


def relatives(records: Sequence[Record]) -> list[Relative]:
    """The points of one sweep that have a time, beside its reference; none if that has no time. They stand in the order
    of their numbers, whatever the order in which they were finished and stored."""
    points = _in_order(
        [(r, r.sweep) for r in records if r.sweep and not r.sweep.launch and r.samples]
    )
    launches = {r.sweep.point: r for r in records if r.sweep and r.sweep.launch and r.samples}
    references = [r for r, point in points if point.reference]
    if len(references) != 1:
        return []
    return [_relative(r, point, references[0], launches.get(point.point)) for r, point in points]


_NUMBER = re.compile(r"\d+")


def _in_order(points: Sequence[tuple[Record, SweepPoint]]) -> Sequence[tuple[Record, SweepPoint]]:
    """By their numbers where these are all that their names differ in: ``g=2`` before ``g=16``."""
    if len({_NUMBER.sub("", point.point) for _, point in points}) > 1:
        return points
    return sorted(points, key=lambda one: [*map(int, _NUMBER.findall(one[1].point))])


def _relative(
    record: Record, point: SweepPoint, reference: Record, launch: Record | None
) -> Relative:
    a, b = _rounds(reference), _rounds(record)
    n = min(len(a), len(b))
    time = paired_ratio(a[:n], b[:n])
    if record is reference:
        time = Ratio(0.0, 0.0, 0.0, n)
    return Relative(
        record,
        point,
        time,
        _over(record, reference, "madds"),
        _over(record, reference, "mem_access"),
        _over(record, reference, "mem_bytes"),
        _launch_share(record, launch),
    )


def _rounds(record: Record) -> list[float]:
    assert record.samples is not None
    return by_round(record.samples.times_s, record.samples.samples_per_round)


def _over(record: Record, reference: Record, cost: str) -> float | None:
    if record.costs is None or reference.costs is None:
        return None
    below = getattr(reference.costs, cost)
    return getattr(record.costs, cost) / below if below else None


def _launch_share(record: Record, launch: Record | None) -> float | None:
    if launch is None or launch.latency is None or record.latency is None:
        return None
    return min(launch.latency.median_s / record.latency.median_s, 1.0)


def undecided(points: Iterable[Relative]) -> list[Relative]:
    """The points with too few rounds for an interval: nothing can be said of them."""
    return [point for point in points if point.compared.log_low is None]


def slower(point: Relative) -> bool:
    """Is the whole interval above that of the reference, which is 1?"""
    low = point.compared.log_low
    return not point.point.reference and low is not None and low > 0


def crossover(points: Sequence[Relative]) -> Relative | None:
    """Where a sweep turns: the first point, in the order of the axis, that is slower than the
    reference by more than its interval; None if there is none."""
    return next((point for point in points if slower(point)), None)
