"""A sweep as a table: every point beside the reference, and where it turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.stats.ratio import Ratio
from lightbench.studies.sweep.relative import (
    Relative,
    crossover,
    known,
    relatives,
    sweeps,
    undecided,
)
from lightbench.views.remarks import warned
from lightbench.views.table import Column, Table, View, own_words

Value = Callable[[Relative], Any]
TOO_FEW = "too few rounds for an interval: measure longer (--seconds)."


def interval(ratio: Ratio) -> str:
    """``1.28 to 1.36``; a dash with too few rounds."""
    if ratio.low is None:
        return units.DASH
    return f"{units.factor(ratio.low)} to {units.factor(ratio.high)}"


def median_s(point: Relative) -> float | None:
    """Seconds of one call."""
    return point.record.latency.median_s if point.record.latency else None


def cost(key: str) -> Value:
    """A total of the point's costs."""
    return lambda point: getattr(point.record.costs, key) if point.record.costs else None


def _setting(key: str) -> Value:
    return lambda point: point.point.settings.get(key)


COLUMNS: tuple[tuple[Column, Value], ...] = (
    (Column("sweep", "sweep", own_words, align="left", shown=False), lambda p: p.point.experiment),
    (Column("point", "point", own_words, align="left"), lambda p: p.point.point),
    (Column("c", "c", str, drop=6, sparse=True), _setting("c")),
    (Column("c1", "c1", str, drop=6, sparse=True), _setting("c1")),
    (Column("c2", "c2", str, drop=6, sparse=True), _setting("c2")),
    (Column("madds", "MAdds", scale=units.COUNTS, drop=4), cost("madds")),
    (Column("latency_s", "latency", scale=units.TIMES), median_s),
    (
        Column("mark", "", own_words, align="left"),
        lambda p: "" if known(p.compared) else "?",
    ),
    (
        Column(
            "time_ratio", "time", units.factor, about="over the reference's, the row with 1.00."
        ),
        lambda p: p.time.ratio,
    ),
    (Column("interval", "95 %", own_words, align="left", drop=3), lambda p: interval(p.time)),
    (
        Column("time_per_madd_ratio", "time (per MAdd)", units.factor),
        lambda p: p.per_madd.ratio,
    ),
    (
        Column("madds_per_s", "GMAdds/s", lambda v: units.number(v / 1e9), drop=1),
        lambda p: p.rate,
    ),
    (Column("mem_access_ratio", "paper mem (ratio)", units.factor, drop=2), lambda p: p.mem_access),
    (
        Column("mem_bytes_ratio", "mem (ratio)", units.factor, drop=5),
        lambda p: p.mem_bytes,
    ),
    (
        Column("launch_share", "launch", units.percent, drop=7, sparse=True),
        lambda p: p.launch_share,
    ),
    (Column("time_low", "time low", shown=False), lambda p: p.time.low),
    (Column("time_high", "time high", shown=False), lambda p: p.time.high),
    (Column("rounds", "rounds", shown=False), lambda p: p.time.n),
    (Column("model", "model", shown=False), lambda p: p.record.case.model),
    (Column("run", "run", shown=False), lambda p: p.point.run),
)


def sweep_view(records: Sequence[Record]) -> View:
    """Records of one or several sweeps; those of other kinds are left out."""
    both = [(points, group) for group in sweeps(records) if (points := relatives(group))]
    found = [points for points, _ in both]
    tables = [_table(points, warned(group)) for points, group in both] or [_table([])]
    return View(
        tables[-1],
        {
            "sweeps": [_data(points) for points in found],
            "records": [
                {"id": r.id, **msgspec.to_builtins(r, order="deterministic")}
                for r in records
                if r.sweep
            ],
        },
        above=tuple(tables[:-1]),
    )


def _table(points: Sequence[Relative], warnings: Sequence[str] = ()) -> Table:
    title = "Sweep: nothing measured"
    notes: list[str] = []
    sentences: list[str] = []
    if points:
        first = points[0]
        where = ", ".join(shared([point.record for point in points]))
        what = ", ".join(filter(None, (first.point.experiment, first.point.channels)))
        title = f"Sweep {what}: {where}"
        sentences = [turn(points)]
        notes += dict.fromkeys(f"{p.point.note}." for p in points if p.point.note)
    if not all(known(point.compared) for point in points):
        notes.insert(0, "? not known to +-3 %.")
    notes += warnings
    rows = tuple(tuple(value(point) for _, value in COLUMNS) for point in points)
    columns = tuple(column for column, _ in COLUMNS)
    return Table(title, columns, rows, tuple(notes), tuple(sentences))


def turn(points: Sequence[Relative]) -> str:
    """The crossover in a sentence."""
    found = crossover(points)
    reference = next(p.point.point for p in points if p.point.reference)
    what = "per MAdd " if points[0].point.per_madd else ""
    if unsure := undecided(points):
        which = "" if found is None else f"; slower for certain is {found.point.point}"
        return f"Crossover: unknown{which}. {_listed(unsure)}: {TOO_FEW}"
    if found is None:
        return f"Crossover: no point is slower {what}than {reference} by more than its interval."
    ratio = found.compared
    return (
        f"Crossover: {found.point.point} is the first point slower {what}than {reference}:"
        f" {units.factor(ratio.ratio)} ({interval(ratio)})."
    )


def _listed(points: Sequence[Relative]) -> str:
    return ", ".join(point.point.point for point in points)


def _data(points: Sequence[Relative]) -> dict[str, Any]:
    found = crossover(points)
    return {
        "sweep": points[0].point.experiment,
        "channels": points[0].point.channels,
        "per_madd": points[0].point.per_madd,
        "crossover": found.point.point if found else None,
        "points": [
            {column.key: value(p) for column, value in COLUMNS}
            | {"settings": dict(p.point.settings), "note": p.point.note}
            for p in points
        ],
    }
