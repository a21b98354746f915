"""Accuracy beside time as a table: a row for each network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.stats.interval import Interval
from lightbench.studies.tradeoff.points import Point, best, points_of
from lightbench.views.remarks import explained, signs, status, warned_of
from lightbench.views.table import Column, Table, View, own_words

Value = Callable[[Point], Any]


def _between(interval: Interval | None) -> str | None:
    if interval is None or interval.low is None:
        return None
    return f"{units.percent(interval.low)} to {units.percent(interval.high)}"


COLUMNS: tuple[tuple[Column, Value], ...] = (
    (Column("model", "model", align="left"), lambda p: p.timed.case.model),
    (Column("params", "params (M)", units.millions, drop=3), lambda p: p.timed.costs and p.timed.costs.params),
    (Column("madds", "MAdds (M)", units.millions, drop=2), lambda p: p.timed.costs and p.timed.costs.madds),
    (Column("status", "", signs, align="left"), lambda p: status(p.timed)),
    (Column("time_s", "time (ms)", units.milliseconds), lambda p: p.time and p.time.median),
    (Column("time_rel", "+-", units.percent, drop=4), lambda p: p.time and p.time.rel),
    (Column("top1", "top-1", units.percent), lambda p: p.accuracy and p.accuracy.median),
    (Column("interval", "95 %", own_words, align="left", drop=1), lambda p: _between(p.accuracy)),
    # for programs
    (Column("time_low_s", "low (s)", shown=False), lambda p: p.time and p.time.low),
    (Column("time_high_s", "high (s)", shown=False), lambda p: p.time and p.time.high),
    (Column("top1_low", "low", shown=False), lambda p: p.accuracy and p.accuracy.low),
    (Column("top1_high", "high", shown=False), lambda p: p.accuracy and p.accuracy.high),
    (Column("trainings", "trainings", shown=False), lambda p: len(p.evaluations)),
)  # fmt: skip
FRONT = Column("front", "", own_words, align="left")


def tradeoff_view(records: Sequence[Record]) -> View:
    """The fastest first; on the front is what no other beats in both time and accuracy."""
    points = sorted(points_of(records), key=lambda p: p.time.median if p.time else float("inf"))
    on = best(points)
    columns = (*(column for column, _ in COLUMNS), FRONT)
    rows = tuple(
        (*(value(point) for _, value in COLUMNS), "front" if i in on else "")
        for i, point in enumerate(points)
    )
    timed = [point.timed for point in points]
    table = Table(
        ", ".join(("Accuracy and time", *_data(points), *shared(timed))),
        columns,
        rows,
        (
            *explained({word for record in timed for word in status(record).split(", ")}),
            *warned_of(timed),
        ),
        more=tuple(_about(points)),
    )
    return View(table, [dict(zip((c.key for c in columns), row, strict=True)) for row in rows])


def _data(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(each.data for point in points for each in point.evaluations))


def _about(points: Sequence[Point]) -> list[str]:
    found = [each for point in points for each in point.evaluations]
    if not found:
        return []
    images = units.exact(found[0].images)
    several = max(len(point.evaluations) for point in points)
    interval = (
        f"Student's over {several} trainings" if several > 1 else "Wilson's, for images like these"
    )
    return [
        f"top-1 of {images} test images, after a small budget of training: more of it moves networks by different amounts.",
        f"95 % of top-1: {interval}. front: none other is both faster and more accurate.",
    ]
