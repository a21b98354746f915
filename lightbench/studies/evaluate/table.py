"""Evaluations as tables: a row for each case and weights, their mean over weights, and a row for each class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import FACETS, Facet, differing, shared, telling
from lightbench.records.findings import Evaluation
from lightbench.stats.interval import Interval
from lightbench.stats.mean import Mean, mean_of
from lightbench.stats.wilson import wilson
from lightbench.views.remarks import signs, status, warned_of
from lightbench.views.table import Column, Table, View, own_words


class Row(NamedTuple):
    """A record of an evaluation."""

    record: Record
    found: Evaluation


Value = Callable[[Row], Any]

ABOUT = (
    "95 %: Wilson's interval of top-1, for images like these; another training moves it further.",
    "ECE: expected calibration error, 15 bins of equal width (Guo et al. 2017): how far confidence is off accuracy.",
)
OTHERWISE = (
    "otherwise: images answered with another class than by the first row with the same weights."
)
OVER = "95 %: Student's t over the weights: where the mean of other trainings like these would be."


def between(interval: Interval) -> str | None:
    """``95.0 % to 98.5 %``; None where it is not known."""
    if interval.low is None:
        return None
    return f"{units.percent(interval.low)} to {units.percent(interval.high)}"


WHICH: tuple[tuple[Column, Value], ...] = (
    (Column("model", "model", align="left"), lambda row: row.record.case.model),
    (Column("data", "data", align="left"), lambda row: row.found.data),
    (Column("weights", "weights", align="left"), lambda row: row.found.weights),
    (Column("digest", "digest", align="left"), lambda row: row.found.digest),
    (Column("seed", "seed", units.exact, sparse=True), lambda row: row.found.seed),
)
VALUES: tuple[tuple[Column, Value], ...] = (
    (Column("status", "", signs, align="left"), lambda row: status(row.record)),
    (Column("top1", "top-1", units.percent), lambda row: row.found.top1),
    (
        Column("interval", "95 %", own_words, align="left", drop=1),
        lambda row: between(row.found.interval),
    ),
    (Column("top5", "top-5", units.percent, drop=4, sparse=True), lambda row: row.found.top5),
    (Column("loss", "loss", units.number, drop=3), lambda row: row.found.loss),
    (Column("ece", "ECE", units.percent, drop=2), lambda row: row.found.ece),
    (Column("images", "images", units.exact), lambda row: row.found.images),
    (Column("disagreed", "otherwise", units.exact, sparse=True), lambda row: row.found.disagreed),
    (
        Column("unanswered", "no number", units.exact, sparse=True),
        lambda row: sum(row.found.unanswered) or None,
    ),
    # for programs
    (Column("top1_low", "low", shown=False), lambda row: row.found.interval.low),
    (Column("top1_high", "high", shown=False), lambda row: row.found.interval.high),
    (Column("right", "right", shown=False), lambda row: row.found.right),
    (Column("right5", "right in 5", shown=False), lambda row: row.found.right5),
    (Column("against", "against", shown=False), lambda row: row.found.against),
    (
        Column("level", "level", shown=False),
        lambda row: "warning" if row.found.unanswered or row.record.suspicions else "notice",
    ),
    (Column("time", "time", shown=False), lambda row: row.record.time),
    (Column("id", "id", shown=False), lambda row: row.record.id),
)


def rows_of(records: Sequence[Record]) -> list[Row]:
    """Those that are evaluations."""
    return [Row(record, record.evaluation) for record in records if record.evaluation]


def evaluations_view(records: Sequence[Record]) -> View:
    """A row for each evaluation among records; above them their means, where there are several weights."""
    rows = rows_of(records)
    columns = (*_which(rows), *VALUES)
    table = Table(
        f"Evaluation: {', '.join(_title(rows))}",
        tuple(column for column, _ in columns),
        tuple(tuple(value(row) for _, value in columns) for row in rows),
        (*_notes(rows), *warned_of([row.record for row in rows], names_of(rows))),
        more=ABOUT,
    )
    over = _over_weights(rows)
    data = {
        "evaluations": [_plain(row) for row in rows],
        "over_weights": [_plain_over(group) for group in over],
    }
    return View(table, data, (_means_table(over, rows),) if over else ())


def _which(rows: Sequence[Row]) -> list[tuple[Column, Value]]:
    """What tells rows apart is shown, and the rest is for programs: which network and data, how it was run, which
    weights. Those of one name are told apart by their digest."""
    differs = differing([row.record for row in rows])
    facets = [
        (Column(f.key, f.key, align=f.align, drop=1, shown=f in differs), _of_facet(f))
        for f in FACETS
    ]
    alike = len({row.found.weights for row in rows}) < len({row.found.digest for row in rows})
    own = []
    for column, value in WHICH:
        several = len({value(row) for row in rows}) > 1
        shown = several and (column.key != "digest" or alike)
        own.append((replace(column, shown=shown), value))
    return [*own[:2], *facets, *own[2:]]


def _of_facet(facet: Facet) -> Value:
    return lambda row: facet.value(row.record)


def names_of(rows: Sequence[Row]) -> list[str]:
    """What tells each row from the others: its network, its case, its weights; nothing for a single one."""
    records = [row.record for row in rows]
    several = len({record.case.model for record in records}) > 1
    data = len({row.found.data for row in rows}) > 1
    weights = len({row.found.digest for row in rows}) > 1
    differs = telling(records)
    return [
        ", ".join(
            (
                *((row.record.case.model,) if several else ()),
                *((row.found.data,) if data else ()),
                *(word for facet in differs for word in facet.said(row.record)),
                *((row.found.weights or row.found.digest,) if weights else ()),
            )
        )
        for row in rows
    ]


def _title(rows: Sequence[Row]) -> Iterator[str]:
    """What all rows share."""
    for values in (
        {row.record.case.model for row in rows},
        {row.found.data for row in rows},
        {_weights(row.found) for row in rows},
    ):
        if len(values) == 1:
            yield values.pop()
    yield from shared([row.record for row in rows])


def _weights(found: Evaluation) -> str:
    """``weights best.pt (3fa9c1d2)``."""
    return f"weights {found.weights} ({found.digest})" if found.weights else "weights as built"


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    if any(row.found.disagreed is not None for row in rows):
        yield OTHERWISE
    yield from dict.fromkeys(
        f"{row.record.case.engine} in int8 is calibrated on {row.record.conversion.calibrated_on}."
        for row in rows
        if row.record.conversion and row.record.conversion.calibrated_on
    )


def _plain(row: Row) -> dict[str, Any]:
    """A record as it is stored, without its operators, and what follows from its counts."""
    data: dict[str, Any] = msgspec.to_builtins(row.record, order="deterministic")
    if data["costs"]:
        data["costs"].pop("ops")
    found = row.found
    more = {"top1": found.top1, "top5": found.top5, "ece": found.ece}
    bounds = {"top1_low": found.interval.low, "top1_high": found.interval.high}
    return {"id": row.record.id, **data, "evaluation": more | bounds}


# Over weights.

MEANS: tuple[tuple[str, str, Callable[[Evaluation], float | None]], ...] = (
    ("top1", "top-1", lambda found: found.top1),
    ("top5", "top-5", lambda found: found.top5),
    ("loss", "loss", lambda found: found.loss),
    ("ece", "ECE", lambda found: found.ece),
)


def _over_weights(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows that differ in nothing but weights, and saw the images in one pass; of several weights each."""
    found: dict[object, dict[str, Row]] = {}
    for row in rows:
        key = row.record.case, row.found.run, row.found.tested_on
        found.setdefault(key, {})[row.found.digest] = row
    return [list(group.values()) for group in found.values() if len(group) > 1]


def _means(group: Sequence[Row]) -> dict[str, Mean | None]:
    values = {key: [get(row.found) for row in group] for key, _, get in MEANS}
    return {
        key: None if None in each else mean_of([v for v in each if v is not None])
        for key, each in values.items()
    }


def _means_table(groups: Sequence[Sequence[Row]], rows: Sequence[Row]) -> Table:
    which = [(c, v) for c, v in _which(rows) if c.key not in ("weights", "digest", "seed")]
    columns = (
        *(column for column, _ in which),
        Column("weights", "weights", units.exact),
        Column("top1", "top-1, mean", units.percent),
        Column("top1_interval", "95 %", own_words, align="left", drop=1),
        Column("top1_deviation", "deviation", units.percent, drop=2),
        Column("top1_lowest", "lowest", units.percent, drop=4),
        Column("top1_highest", "highest", units.percent, drop=4),
        Column("top5", "top-5, mean", units.percent, drop=5, sparse=True),
        Column("loss", "loss, mean", units.number, drop=5),
        Column("ece", "ECE, mean", units.percent, drop=3),
    )
    body = []
    for group in groups:
        means, each = _means(group), [row.found.top1 for row in group]
        top1 = mean_of(each)
        others = (mean and mean.mean for key, mean in means.items() if key != "top1")
        body.append(
            (
                *(value(group[0]) for _, value in which),
                len(group),
                top1.mean,
                between(_share(top1)),
                top1.deviation,
                min(each),
                max(each),
                *others,
            )
        )
    return Table("Over weights", columns, tuple(body), (OVER,))


def _share(mean: Mean) -> Interval:
    """A mean of shares with its bounds, which no share is beyond."""
    if mean.low is None or mean.high is None:
        return Interval(mean.mean)
    return Interval(mean.mean, max(mean.low, 0.0), min(mean.high, 1.0))


def _plain_over(group: Sequence[Row]) -> dict[str, Any]:
    means = _means(group)
    return {
        "model": group[0].record.case.model,
        "case": msgspec.to_builtins(group[0].record.case),
        "data": group[0].found.data,
        "digests": [row.found.digest for row in group],
        **{key: mean and mean._asdict() for key, mean in means.items()},
    }


# Class by class.


def classes_view(records: Sequence[Record]) -> View:
    """A row for each class of each evaluation: its accuracy, and what it is taken for most often."""
    rows = rows_of(records)
    which = _which(rows)
    columns = (
        *(column for column, _ in which),
        Column("class", "class", align="left"),
        Column("images", "images", units.exact),
        Column("right", "right", units.exact, drop=2),
        Column("accuracy", "accuracy", units.percent),
        Column("interval", "95 %", own_words, align="left", drop=1),
        Column("taken_for", "taken for", align="left", drop=3),
        Column("times", "times", units.exact, drop=3, sparse=True),
        Column("unanswered", "no number", units.exact, sparse=True),
    )
    body = tuple(
        (*(value(row) for _, value in which), *of) for row in rows for of in _classes(row.found)
    )
    table = Table(
        f"Evaluation by class: {', '.join(_title(rows))}",
        columns,
        body,
        ("taken for: the other class that is answered most often, and how many times.",),
    )
    return View(table, [table.named(row) for row in table.rows])


def _classes(found: Evaluation) -> Iterator[tuple[Any, ...]]:
    for i, (name, images) in enumerate(zip(found.classes, found.of_class, strict=True)):
        right, row = found.confusion[i][i], found.confusion[i]
        share = wilson(right, images) if images else None
        other = max((j for j in range(len(row)) if j != i), key=row.__getitem__)
        yield (
            name,
            images,
            right,
            share and share.median,
            share and between(share),
            found.classes[other] if row[other] else "",
            row[other] or None,
            (found.unanswered[i] or None) if found.unanswered else None,
        )
