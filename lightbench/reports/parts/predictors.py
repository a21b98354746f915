"""What predicts latency: MAdds, parameters, memory access and others, each held against it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import conditions
from lightbench.reports.predictors import Predictions, predictions
from lightbench.stats.correlation import Correlation
from lightbench.studies.card.stored import cards
from lightbench.studies.roofline.among import rooflines
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section
from lightbench.views.table import Column, Table, View, own_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


COLUMNS = (
    Column("predictor", "predictor", own_words, align="left"),
    Column("rank", "rank correlation", units.correlation),
    Column("rank_interval", "95 %", own_words, align="left", drop=1),
    Column("linear", "linear correlation", units.correlation, drop=1),
    Column("linear_interval", "95 % ", own_words, align="left", drop=2),
    Column("spread", "typically off by", lambda value: f"x{units.factor(value)}", drop=1),
    Column("n", "networks", units.exact, drop=3),
)
NOTES = (
    "rank correlation (Spearman): 1 if it orders the networks as the clock does.",
    "linear correlation (Pearson): 1 if time is a straight line of it.",
    "95 %: for a random sample of networks like these.",
    "typically off by: the median factor between the time and the best proportional prediction.",
)
CAPTION = "Each predictor against measured time; dashed: in proportion. Both axes are logarithmic"


def section(subject: Subject) -> Section | None:
    """A table and a figure for every set of networks that may be compared, if there are 5 or more."""
    found = predictions(subject.evidence)
    if not found:
        return None
    ceilings = [r for peaks in rooflines(subject.evidence) for r in peaks.records]
    ceilings += [r for card in cards(subject.evidence) for r in card.records]
    return Section(
        "What predicts latency",
        drawings=tuple(
            Drawing(
                f"predictors-{i}" if i > 1 else "predictors",
                f"{CAPTION}: {conditions(one.records, subject.evidence.profiles)}.",
                partial(_draw, [*one.records, *ceilings]),
            )
            for i, one in enumerate(found, 1)
            if any(row.rank for row in one.rows)
        ),
        views=tuple(
            _view(one, conditions(one.records, subject.evidence.profiles)) for one in found
        ),
    )


def _draw(records: list[Record]) -> Figure:
    from lightbench.reports.figures.predictors import draw

    return draw(records)


def _view(found: Predictions, where: str) -> View:
    rows = tuple(
        (
            row.predictor.heading,
            row.rank and row.rank.value,
            _interval(row.rank),
            row.linear and row.linear.value,
            _interval(row.linear),
            row.spread,
            row.n,
        )
        for row in found.rows
    )
    title = f"Predictors of latency: {where}"
    return View(Table(title, COLUMNS, rows, NOTES), [_data(row) for row in found.rows])


def _interval(found: Correlation | None) -> str | None:
    if found is None or found.low is None or found.high is None:
        return None
    return f"{units.correlation(found.low)} to {units.correlation(found.high)}"


def _data(row: Any) -> dict[str, Any]:
    return {
        "predictor": row.key,
        "rank": row.rank and [row.rank.value, row.rank.low, row.rank.high],
        "linear": row.linear and [row.linear.value, row.linear.low, row.linear.high],
        "spread": row.spread,
        "networks": row.n,
    }
