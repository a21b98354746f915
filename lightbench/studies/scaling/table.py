"""Series as a table: throughput, latency and efficiency of every point, and where the knee is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import FACETS, differing, names, shared
from lightbench.stats.ratio import Ratio
from lightbench.studies.scaling.axes import RESOLUTION
from lightbench.studies.scaling.knee import Knee, knee
from lightbench.studies.scaling.series import Point, Series, all_series
from lightbench.views.remarks import LATENCY, explained, signs, status, warned_of
from lightbench.views.table import Column, Table, View, own_words

KNEE = "knee"
DOUBLING = (
    "Knee: where throughput over latency is largest; beyond it twice the {} gives less than 1.41 times the"
    " images a second (Kleinrock 1979; Eager, Zahorjan, Lazowska 1989)."
)
Row = tuple[Point, Series, Knee | None]
Value = Callable[[Row], Any]


def _latency(get: Callable[[Any], Any]) -> Value:
    return lambda row: get(row[0].record.latency) if row[0].record.latency else None


def _ratio(name: str, get: Callable[[Ratio], Any]) -> Value:
    def value(row: Row) -> Any:
        ratio: Ratio | None = getattr(row[0], name)
        return get(ratio) if ratio else None

    return value


def _knee(row: Row) -> str:
    """``knee``, or ``knee?`` at each of several points that may be it."""
    point, _, found = row
    if found is None or point not in found.points:
        return ""
    if found.known:
        return KNEE
    return f"{KNEE}?" if len(found.points) > 1 else ""


def _speed(get: Callable[[Ratio], Any]) -> Value:
    """Of threads; of a batch it is the efficiency, and of other axes the work differs."""
    value = _ratio("speed", get)
    return lambda row: value(row) if row[1].about.divided else None


COLUMNS: tuple[tuple[Column, Value], ...] = (
    (Column("madds", "MAdds", scale=units.COUNTS, drop=5), lambda row: _costs(row[0], "madds")),
    (Column("status", "", signs, align="left"), lambda row: status(row[0].record)),
    (
        Column("latency_s", "latency", scale=units.TIMES, about=LATENCY),
        _latency(lambda t: t.median_s),
    ),
    (Column("latency_rel", "+-", units.percent, drop=3), _latency(lambda t: t.rel)),
    (Column("throughput_img_s", "img/s", units.number), lambda row: row[0].record.throughput),
    (Column("speed_up", "speed-up", units.factor, sparse=True), _speed(lambda r: r.ratio)),
    (Column("efficiency", "efficiency", units.factor), _ratio("efficiency", lambda r: r.ratio)),
    (
        Column("interval", "95 %", own_words, align="left", drop=2),
        _ratio("efficiency", lambda r: f"{units.factor(r.low)} to {units.factor(r.high)}"),
    ),
    (Column(KNEE, "", own_words, align="left"), _knee),
    (
        Column("peak_memory_bytes", "peak", scale=units.BYTES, drop=4),
        lambda row: row[0].record.peak_memory_bytes,
    ),
    (Column("efficiency_low", "low", shown=False), _ratio("efficiency", lambda r: r.low)),
    (Column("efficiency_high", "high", shown=False), _ratio("efficiency", lambda r: r.high)),
    (Column("latency_low_s", "low (s)", shown=False), _latency(lambda t: t.low_s)),
    (Column("latency_high_s", "high (s)", shown=False), _latency(lambda t: t.high_s)),
    (
        Column("level", "level", shown=False),
        lambda row: "error" if row[0].record.failure else "notice",
    ),
    (Column("size", "size", shown=False), lambda row: row[0].size),
    (Column("id", "id", shown=False), lambda row: row[0].record.id),
)


def _of_record(get: Callable[[Record], Any]) -> Value:
    return lambda row: get(row[0].record)


def _costs(point: Point, key: str) -> Any:
    return getattr(point.record.costs, key) if point.record.costs else None


def scaling_view(records: Sequence[Record], axis: str | None = None) -> View:
    """Records that differ on ``axis``, or on the first on which they do."""
    found = all_series(records, axis)
    knees = [knee(series) for series in found]
    rows = [(point, s, k) for s, k in zip(found, knees, strict=True) for point in s.points]
    shown = [point.record for point, _, _ in rows]
    differs = differing(shown)
    own: list[tuple[Column, Value]] = [
        (Column("model", "model", align="left"), lambda row: row[0].record.case.model)
    ]
    for facet in FACETS:
        column = Column(facet.key, facet.key, align=facet.align, shown=facet in differs)
        own.append((column, _of_record(facet.value)))
    columns = (*own, *COLUMNS)
    words = [f"Scaling by {found[0].axis}", *shared(shown)] if found else ["Scaling: nothing grows"]
    table = Table(
        ": ".join([words[0], ", ".join(words[1:])]) if found else words[0],
        tuple(column for column, _ in columns),
        tuple(tuple(value(row) for _, value in columns) for row in rows),
        tuple(_notes(found, shown)),
        (*_knees(found, knees), *_failed(shown)),
        tuple(_more(found, knees)),
    )
    return View(table, {"series": [_data(s, k) for s, k in zip(found, knees, strict=True)]})


def _notes(found: Sequence[Series], shown: Sequence[Record]) -> Iterator[str]:
    yield from explained({word for record in shown for word in status(record).split(", ")})
    yield from (found[0].about.efficiency,) if found else ()
    if found and found[0].axis == "threads":
        yield "Threads were timed one number after the other, and not in the same rounds."
    yield from warned_of(shown)


def _knees(found: Sequence[Series], knees: Sequence[Knee | None]) -> Iterator[str]:
    called = series_names(found) if len(found) > 1 else [""] * len(found)
    for series, its, name in zip(found, knees, called, strict=True):
        if its:
            yield knee_said(series, its, name)


def _more(found: Sequence[Series], knees: Sequence[Knee | None]) -> Iterator[str]:
    if any(knees):
        yield DOUBLING.format(found[0].axis)


def _failed(shown: Sequence[Record]) -> list[str]:
    """Each reason once, with the points that have no result for it."""
    reasons: dict[str, list[str]] = {}
    for name, record in zip(names(shown), shown, strict=True):
        if record.failure:
            said = f"{record.failure.message} {record.failure.hint}".rstrip()
            reasons.setdefault(said, []).append(name)
    return [f"{'; '.join(points)}: {reason}" for reason, points in reasons.items()]


def knee_said(series: Series, found: Knee, name: str = "") -> str:
    """Where it is, in a sentence; ``name`` of the series, where there are several."""
    where = f"Knee of {name}: " if name else "Knee here: "
    words = [series.about.words(point.record) for point in found.points]
    if found.known:
        return f"{where}{words[0]}."
    if len(words) == 1:
        return f"{where}none up to {words[0]}: twice the {series.axis} still pays."
    *others, last = words
    beyond = ", or beyond" if found.last else ""
    return (
        f"{where}{', '.join(others)} or {last}{beyond}: the intervals do not tell;"
        " measure longer (--seconds)."
    )


def series_names(found: Sequence[Series]) -> list[str]:
    """The network of each, and what tells it from the others."""
    firsts = [series.points[0].record for series in found]
    grows = {"input" if series.axis == RESOLUTION else series.axis for series in found}
    facets = [facet for facet in differing(firsts) if facet.key not in grows]
    return [
        ", ".join(
            (
                series.about.rest(first.case).model,
                *(word for f in facets for word in f.said(first)),
            )
        )
        for series, first in zip(found, firsts, strict=True)
    ]


def _data(series: Series, found: Knee | None) -> dict[str, Any]:
    return {
        "axis": series.axis,
        "knee": found.known.size if found and found.known else None,
        "knee_among": [point.size for point in found.points] if found else [],
        "points": [
            {column.key: value((p, series, found)) for column, value in COLUMNS}
            | {
                "record": {
                    "id": p.record.id,
                    **msgspec.to_builtins(p.record, order="deterministic"),
                }
            }
            for p in series.points
        ],
    }
