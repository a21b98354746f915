"""The history of a store as a table: a row for each series, or for each commit of a single model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from lightbench import units
from lightbench.records.facets import FACETS, differing, shared
from lightbench.stats.changepoints import SHORTEST
from lightbench.studies.history.entries import COUNTS, KEYS
from lightbench.studies.history.series import Change, Point, Series, machines
from lightbench.views.metrics import HEADINGS, METRICS, change
from lightbench.views.table import Column, Table, View, own_words

Value = Callable[[Series], Any]
UNIT = {"latency": "_s"}

STEPS = (
    "Steps are advice, never a gate: Pettitt's test on the order of the medians, p below 0.01 for a"
    " series without a step, and 2 % or more. A slow drift is marked, too, and so are days on which the machine was slow."
)
APART = (
    "not comparable: records that are left out, since other programs disturbed them, or since their run"
    " and the last one have timed nothing in common. change, - : not known, or no more than the runs"
    " themselves differ by."
)
HELD = (
    "Times are those in the last run: of others by way of what both have timed. What makes everything"
    " faster alike, as new software may, shows as no change."
)
TOO_FEW = f"With fewer than {SHORTEST} commits no step can be told from noise."


def history_view(series: Sequence[Series], *, commits: bool = False) -> View:
    """One metric of one or more series. With ``commits`` programs get a row for each commit, and
    people see these below the series."""
    metric = series[0].metric
    columns = _columns(series, metric)
    table = Table(
        _title(series, metric),
        tuple(column for column, _ in columns),
        tuple(tuple(value(one) for _, value in columns) for one in series),
        sentences=() if metric in COUNTS else tuple(_doubts(series)),
        more=tuple(_more(series, metric)),
    )
    data = {"metric": KEYS.get(metric, metric), "series": [_data(one) for one in series]}
    if commits:
        return View(_commits(series, metric), data, above=(table,))
    return View(table, data)


def _title(series: Sequence[Series], metric: str) -> str:
    same = ", ".join(shared([one.record for one in series]))
    return f"History of {HEADINGS[KEYS.get(metric, metric)]}: {same}"


def _text(metric: str) -> Callable[[Any], str]:
    return units.exact if metric in COUNTS else METRICS[KEYS.get(metric, metric)]


def _cases(series: Sequence[Series]) -> list[tuple[Column, Value]]:
    """What each series is of; people are shown in what they differ."""
    differs = differing([one.record for one in series])
    named = dict(zip(map(id, series), machines(series), strict=True))
    facets: list[tuple[Column, Value]] = [
        (
            Column(facet.key, facet.key, str, align=facet.align, shown=facet in differs),
            lambda one, value=facet.value: value(one.record),  # type: ignore[misc]
        )
        for facet in FACETS
    ]
    return [
        (Column("model", "model", align="left"), lambda one: one.case.model),
        *facets,
        (
            Column("machine", "machine", str, align="left", sparse=True),
            lambda one: named[id(one)] or None,
        ),
    ]


def _columns(series: Sequence[Series], metric: str) -> list[tuple[Column, Value]]:
    text, unit = _text(metric), UNIT.get(metric, "")
    return [
        *_cases(series),
        (Column(f"first{unit}", "first", text, drop=3), lambda one: one.points[0].value),
        (Column(f"last{unit}", "last", text), lambda one: one.points[-1].value),
        (Column("change", "change", change), lambda one: one.change),
        (Column("commits", "commits", units.exact, drop=2), lambda one: len(one.points)),
        (
            Column("apart", "not comparable", units.exact, sparse=True),
            lambda one: one.apart or None,
        ),
        (Column("changes", "changes", units.exact, drop=4), lambda one: len(one.changes)),
        (Column("changed_at", "last change", str, align="left", sparse=True), _at),
        *[
            (column, lambda one, value=value: value(_last(one)))
            for column, value in _change(metric)
        ],
    ]


def _last(one: Series) -> Change | None:
    return one.changes[-1] if one.changes else None


def _at(one: Series) -> str | None:
    found = _last(one)
    return None if found is None else one.points[found.at].name


def _said(found: Change | None) -> str:
    """How far to believe a change, in our own words."""
    if found is None:
        return ""
    how = "exact" if found.p is None else "advice"
    return ", ".join([how, *(f"new {name}" for name, _, _ in found.software)])


def _software(found: Change | None) -> str | None:
    if found is None or not found.software:
        return None
    return ", ".join(f"{name} {old} -> {new}" for name, old, new in found.software)


def _change(metric: str) -> list[tuple[Column, Callable[[Change | None], Any]]]:
    """What is said of a change, whichever row it stands in; people see a count change by a number."""
    exact = metric in COUNTS
    return [
        (
            Column("by", "by", change, shown=not exact, sparse=True),
            lambda c: c.ratio - 1 if c and c.ratio is not None else None,
        ),
        (
            Column("difference", "by", units.signed, shown=exact, sparse=True),
            lambda c: c and c.difference,
        ),
        (Column("said", "", own_words, align="left"), _said),
        (Column("software", "as well", str, align="left", sparse=True, drop=5), _software),
        (Column("level", "level", own_words, shown=False), lambda c: "notice" if c else ""),
    ]


def _doubts(series: Sequence[Series]) -> Iterator[str]:
    if any(one.apart for one in series):
        yield APART
    if any(len(one.points) < SHORTEST for one in series):
        yield TOO_FEW


def _more(series: Sequence[Series], metric: str) -> Iterator[str]:
    if metric in COUNTS:
        return
    yield "A commit's value is the median of its records."
    if any(len(one.points) > 1 for one in series):
        yield HELD
    yield STEPS
    if any(found.software for one in series for found in one.changes):
        yield "New software is that of the commit of a step, or of two before or after it."


Row = tuple[Series, Point, Change | None]


def _commits(series: Sequence[Series], metric: str) -> Table:
    rows: list[Row] = []
    for one in series:
        changes = {found.at: found for found in one.changes}
        rows += [(one, point, changes.get(i)) for i, point in enumerate(one.points)]
    text, unit = _text(metric), UNIT.get(metric, "")
    cases = [
        (
            replace(column, shown=column.shown and column.key != "model"),
            lambda row, value=value: value(row[0]),
        )
        for column, value in _cases(series)
    ]
    columns: list[tuple[Column, Callable[[Row], Any]]] = [
        *cases,
        (Column("commit", "commit", str, align="left", shown=False), lambda row: row[1].commit),
        (Column("name", "commit", str, align="left"), lambda row: row[1].name),
        (Column("time", "time", str, align="left", drop=2), lambda row: row[1].time),
        (Column(f"value{unit}", HEADINGS[KEYS.get(metric, metric)], text), lambda r: r[1].value),
        (Column(f"low{unit}", "low", text, sparse=True, drop=3), lambda row: row[1].low),
        (Column(f"high{unit}", "high", text, sparse=True, drop=3), lambda row: row[1].high),
        (Column("records", "records", units.exact, drop=4), lambda row: row[1].n),
        *[(column, lambda row, value=value: value(row[2])) for column, value in _change(metric)],
    ]
    notes = ("low, high: the median's 95 % interval, from 6 records on.",)
    return Table(
        f"Commits of {series[0].case.model}",
        tuple(column for column, _ in columns),
        tuple(tuple(value(row) for _, value in columns) for row in rows),
        () if metric in COUNTS else notes,
    )


def _data(one: Series) -> dict[str, Any]:
    return {
        "case": msgspec.to_builtins(one.case),
        "machine": dict(one.machine),
        "change": one.change,
        "commits": [
            {**msgspec.to_builtins(point), "software": dict(point.software)} for point in one.points
        ],
        "changes": [
            {"commit": one.points[found.at].commit, **msgspec.to_builtins(found)}
            for found in one.changes
        ],
    }
