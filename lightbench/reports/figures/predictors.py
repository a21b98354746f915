"""What predicts latency: each number that is known beforehand against the measured time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import tip_of
from lightbench.figures.labels import labels
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.reports.predictors import (
    FEWEST,
    Prediction,
    Predictions,
    correlation_text,
    predictions,
)
from lightbench.stats.median import median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, TICKS = 3, 5  # panels in a row, and at most so many ticks at each

# How a value is written -> how a round one is.
ROUND: dict[Callable[[float], str], Callable[[float], str]] = {
    units.count: lambda tick: units.count(tick, 1),
    units.size: lambda tick: f"{units.count(tick, 1)}B",
}


def draw(records: Sequence[Record]) -> Figure:
    """A panel for each predictor, the one that ranks best first: its value against the median time
    with the 95 % interval. Dashed: in proportion.

    Of several sets of cases that may be compared, the largest of which a correlation can be told.
    Raises UsageError if there is none.
    """
    for found in predictions(Evidence(tuple(records))):
        if rows := _ranked(found):
            return _draw(found.records, rows)
    raise UsageError(
        f"no {FEWEST} cases that may be compared have times and costs that differ:"
        " there is nothing to draw."
    )


def _ranked(found: Predictions) -> list[Prediction]:
    """Those of which a correlation can be told, the highest first."""
    known = [(row.rank.value, row) for row in found.rows if row.rank]
    return [row for _, row in sorted(known, key=lambda pair: -pair[0])]


def _draw(records: Sequence[Record], rows: Sequence[Prediction]) -> Figure:
    from matplotlib.figure import Figure

    down = math.ceil(len(rows) / COLUMNS)
    with style():
        figure = Figure(figsize=(10, 0.9 + 2.7 * down), layout="constrained")
        panels = list(figure.subplots(down, COLUMNS, sharey=True, squeeze=False).flat)
        for axes, row in zip(panels, rows, strict=False):
            _panel(axes, row)
        for axes in panels[len(rows) :]:
            axes.set_axis_off()
        _times(panels, records)
        _, shared = labels(records)
        caption = ["dashed: in proportion; in brackets the 95 % interval", *wrap(shared, 130)]
        figure.supxlabel("\n".join(caption[:3]), x=0.01, ha="left", fontsize=8, **LITERAL)
    return figure


def _panel(axes: Axes, row: Prediction) -> None:
    text = row.predictor.text
    axes.set(xscale="log", yscale="log")
    xs, times = [], []
    for record, x in row.points:
        assert record.latency is not None
        time = record.latency
        xs.append(x)
        times.append(time.median_s)
        ends = (time.low_s or time.median_s, time.high_s or time.median_s)
        axes.plot((x, x), ends, color="0.5", linewidth=0.8, zorder=1)
        (dot,) = axes.plot(x, time.median_s, "o", markersize=5, color="black", zorder=2)
        dot.set(markeredgecolor="white", markeredgewidth=0.4)
        tip_of(dot, record, f"{row.name} {text(x)}")
    axes.set_xlim(_around(xs))
    typical = math.exp(median(math.log(t / x) for x, t in zip(xs, times, strict=True)))
    axes.plot(
        axes.get_xlim(), [x * typical for x in axes.get_xlim()], "--", color="0.5", lw=1, zorder=0
    )
    across = _few(axes.get_xlim())
    axes.set_xticks(across, [ROUND.get(text, text)(tick) for tick in across])
    axes.tick_params(which="minor", left=False, bottom=False, labelleft=False, labelbottom=False)
    axes.set_title(_said(row))


def _times(panels: Sequence[Axes], records: Sequence[Record]) -> None:
    """One scale for all panels, in which every case has room."""
    panels[0].set_ylim(_around([r.latency.median_s for r in records if r.latency]))
    up = _few(panels[0].get_ylim())
    panels[0].set_yticks(up, [units.seconds(tick) for tick in up])
    for axes in panels[::COLUMNS]:
        axes.set_ylabel("median time")


def _said(row: Prediction) -> str:
    assert row.rank is not None
    return f"{row.predictor.heading}\nrank {correlation_text(row.rank)}, n {row.n}"


def _few(limits: tuple[float, float]) -> list[float]:
    at = ticks(*limits)
    return at[:: math.ceil(len(at) / TICKS)]


def _around(values: Sequence[float]) -> tuple[float, float]:
    return min(values) / 1.4, max(values) * 1.4
