"""Records over commits: one series for each case on each machine, and where it changed. Advice only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lightbench.records import (
    SCHEMA,
    Case,
    Environment,
    Record,
)
from lightbench.stats.changepoints import steps
from lightbench.stats.median import median, median_interval
from lightbench.studies.history.entries import COUNTS, NOTED_SOFTWARE, SOFTWARE, Entry, Facts
from lightbench.studies.history.linked import Machines

_HASH = re.compile(r"^([0-9a-f]{8})[0-9a-f]{4,}(-dirty)?$")
NEAR = 2  # commits by which a step may be marked too early or too late


@dataclass(frozen=True, slots=True)
class Point:
    """One commit of a series: the median of its ``n`` records, with the interval that 6 or more give.
    A count is that of the newest record. Without a commit the day stands for it."""

    commit: str
    time: str  # of the first record
    value: float
    low: float | None
    high: float | None
    n: int
    software: Facts  # of the newest record
    unsure: float = (
        0.0  # by what factor, as a logarithm, it may be off for what is not known of drift
    )

    @property
    def name(self) -> str:
        """As short as people write it: the first 8 digits of a hash, and whether it was dirty."""
        return _HASH.sub(r"\1\2", self.commit)


@dataclass(frozen=True, slots=True)
class Change:
    """From the point ``at`` on the metric is ``ratio`` times what it was before (None: it was 0).
    ``p`` is None for a count, which is exact and changed by ``difference``; ``software`` is what else
    changed there: name, before, after."""

    at: int
    ratio: float | None
    p: float | None
    difference: float | None
    software: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Series:
    """One metric of one case on one machine, over commits in the order of time."""

    metric: str
    case: Case
    machine: Facts
    points: tuple[Point, ...]
    apart: int = 0  # records whose time may not be compared with the last: they are in no point

    @property
    def change(self) -> float | None:
        """From the first commit to the last, as a fraction; None from 0, and where there is only one
        that may be compared."""
        if self.apart and len(self.points) == 1:
            return None
        ends = self.points[0], self.points[-1]
        if self.metric not in COUNTS and _within(*ends):
            return None
        first, last = self.points[0].value, self.points[-1].value
        return last / first - 1 if first else None

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Steps of what is measured (see `changepoints.steps`); of a count every change."""
        return tuple(_counted(self.points) if self.metric in COUNTS else _stepped(self.points))

    @cached_property
    def record(self) -> Record:
        """A record of the case on the machine without costs and times, to name it by."""
        return Record(
            schema=SCHEMA,
            time=self.points[-1].time,
            case=self.case,
            status="ok",
            environment=Environment(comparable=dict(self.machine), noted={}),
        )


def _within(first: Point, last: Point) -> bool:
    """May the difference of two times be one of the machine in their runs?"""
    unsure = max(first.unsure, last.unsure)
    return unsure > 0 and abs(math.log(last.value / first.value)) <= unsure


def histories(found: Iterable[Entry], metric: str) -> list[Series]:
    """The series of those entries that have the metric, in the order of their models' names.

    Latencies are those in the run of the last of a series: of other runs as far as they are linked
    with it, see `records.links`.
    """
    every = sorted(found, key=lambda entry: entry.time)
    grouped: dict[tuple[Case, Facts], list[Entry]] = {}
    for entry in every:
        if metric in entry.values and not entry.anchor:
            grouped.setdefault((entry.case, entry.machine), []).append(entry)
    links = Machines(every)
    series = []
    for key, members in grouped.items():
        kept = links.alike(members) if metric == "latency" else members
        # Where nothing may be compared the last is shown, and all of them are apart.
        of = len(members) if kept else len(members) + 1
        series.append(_series(metric, *key, kept or members[-1:], of))
    return sorted(series, key=lambda one: one.case.model)


def _series(metric: str, case: Case, machine: Facts, found: Sequence[Entry], of: int) -> Series:
    points: dict[str, list[Entry]] = {}
    for entry in found:
        points.setdefault(_label(entry), []).append(entry)
    made = tuple(_point(metric, *item) for item in points.items())
    return Series(metric, case, machine, made, of - len(found))


def machines(series: Sequence[Series]) -> list[str]:
    """Of each series the facts in which machines differ; those that its case is told by are left out."""
    known = [dict(one.machine) for one in series]
    names = sorted({name for facts in known for name in facts} - {"device", "threads"})
    differ = [name for name in names if len({facts.get(name) for facts in known}) > 1]
    return [", ".join(f"{name} {facts.get(name, 'unknown')}" for name in differ) for facts in known]


def _label(entry: Entry) -> str:
    return entry.commit or entry.time[:10]  # the day


def _point(metric: str, commit: str, found: Sequence[Entry]) -> Point:
    values = [entry.values[metric] for entry in found]
    exact = metric in COUNTS
    low, high = (None, None) if exact else median_interval(values) or (None, None)
    return Point(
        commit=commit,
        time=found[0].time,
        value=values[-1] if exact else median(values),
        low=low,
        high=high,
        n=len(found),
        software=found[-1].software,
        unsure=0.0 if exact else median(entry.unsure for entry in found),
    )


def _counted(points: Sequence[Point]) -> Iterator[Change]:
    for at in range(1, len(points)):
        old, new = points[at - 1].value, points[at].value
        if new != old:
            ratio = new / old if old else None
            yield Change(at, ratio, None, new - old, _software(points, at - 1, at))


def _stepped(points: Sequence[Point]) -> Iterator[Change]:
    found = steps([point.value for point in points])
    ends = [0, *(step.at for step in found), len(points)]
    for step, start, end in zip(found, ends, ends[2:], strict=False):
        unsure = [point.unsure for point in points[start:end]]
        if abs(math.log(step.ratio)) <= median(unsure):  # it may be the machine's
            continue
        before, after = max(step.at - 1 - NEAR, start), min(step.at + NEAR, end - 1)
        yield Change(step.at, step.ratio, step.p, None, _software(points, before, after))


def _software(points: Sequence[Point], before: int, after: int) -> tuple[tuple[str, str, str], ...]:
    """What differs between two points that enclose a change."""
    old, new = dict(points[before].software), dict(points[after].software)
    return tuple(
        (name, str(old.get(name, "unknown")), str(new.get(name, "unknown")))
        for name in (*SOFTWARE, *NOTED_SOFTWARE)
        if old.get(name) != new.get(name)
    )
