"""A check drawn: how much each metric has changed, with its interval, against what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import between, tip
from lightbench.figures.labels import fitted, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.studies.compare.rows import Row, rows_of
from lightbench.views.metrics import change

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 40  # rows
NAME = 46  # letters of a row's name
ALLOWED = re.compile(r"\+([0-9.]+) %$")
# State -> colour and mark: each tells it alone. Any other state looks as "unclear" does.
LOOKS = {
    "regression": ("#d55e00", "D"),
    "improvement": ("#009e73", "o"),
    "ok": ("#555555", "o"),
    "unclear": ("white", "s"),
}


def draw(records: Sequence[Record]) -> Figure:
    """A row for each metric that was held against another side, at most 40: the change in per cent with its interval
    where it was timed, and a bar that shows as much as was allowed. Counts that are equal have no row. Raises
    UsageError if nothing has changed and nothing was timed."""
    from matplotlib.figure import Figure

    every = [row for record in records for row in rows_of(record)]
    held = [row for row in every if row.change is not None]
    rows = [row for row in held if row.changed or row.low is not None][:MOST]
    if not rows:
        raise UsageError("no metric has a change to show: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(10, 1.5 + 0.3 * max(len(rows), 3)), layout="constrained")
        axes = figure.subplots()
        for y, row in enumerate(rows):
            _row(axes, y, row)
        names = [_name(row, alone=len({row.model for row in rows}) == 1) for row in rows]
        axes.set_yticks(range(len(rows)), names, **LITERAL)
        _scale(axes, rows)
        figure.suptitle(_title(records, rows), x=0.01, ha="left", fontsize=10, **LITERAL)
        figure.supxlabel(_caption(rows, every), x=0.01, ha="left", fontsize=8)
    return figure


def allowed(row: Row) -> float | None:
    """By what fraction a metric may grow, as its limit says in words; None where that is no fraction."""
    found = ALLOWED.search(row.limit)
    return float(found[1]) / 100 if found else None


def _row(axes: Axes, y: int, row: Row) -> None:
    assert row.change is not None
    limit = allowed(row)
    if limit is not None:
        down = -limit / (1 + limit) if row.low is not None else 0
        axes.barh(
            y, 100 * (limit - down), left=100 * down, height=0.7, color="0.92", edgecolor="0.75"
        )
    colour, mark = LOOKS.get(row.state, LOOKS["unclear"])
    ends = [100 * (row.change if end is None else end) for end in (row.low, row.high)]
    axes.plot(ends, [y, y], "-", color="black", linewidth=1.1, marker="|", markersize=6)
    (dot,) = axes.plot(
        100 * row.change, y, mark, color=colour, markeredgecolor="black", markersize=6, zorder=4
    )
    axes.annotate(
        f"{change(row.change)} {row.verdict}",
        (max(ends), y),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        bbox={
            "boxstyle": "square,pad=0.1",
            "facecolor": "white",
            "edgecolor": "none",
            "alpha": 0.8,
        },
    )
    tip(
        dot,
        f"{row.model}: {row.about} {row.verdict}, {change(row.change)}{between(row.low, row.high, change)}",
        row.model,
    )


def _name(row: Row, *, alone: bool) -> str:
    return row.about if alone else fitted(f"{row.model}: {row.about}", NAME)


def _scale(axes: Axes, rows: Sequence[Row]) -> None:
    """Zero in it, and room for words on the right."""
    ends = [
        100 * end
        for row in rows
        for end in (row.change, row.low, row.high, allowed(row), -(allowed(row) or 0))
        if end is not None
    ]
    low, high = min(*ends, 0), max(*ends, 0)
    wide = high - low or 1.0
    axes.set(xlim=(low - 0.06 * wide, high + 0.28 * wide), ylim=(max(len(rows), 3) - 0.4, -0.6))
    axes.axvline(0, color="0.4", linewidth=0.8, zorder=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+g} %" if value else "0")
    axes.tick_params(left=False)


def _title(records: Sequence[Record], rows: Sequence[Row]) -> str:
    against = dict.fromkeys(record.check.against for record in records if record.check)
    models = dict.fromkeys(row.model for row in rows)
    same = [f"{next(iter(models))}"] if len(models) == 1 else []
    return title([*same, f"change against {' and '.join(against) or 'budgets'}"])


def _caption(rows: Sequence[Row], every: Sequence[Row]) -> str:
    words = ["grey: what is allowed; lines: intervals; diamond: regression; white square: unclear"]
    if left := len(every) - len(rows):
        words.append(
            f"{units.exact(left)} of {units.exact(len(every))} rows are equal, or have no change to show"
        )
    return "\n".join(words)
