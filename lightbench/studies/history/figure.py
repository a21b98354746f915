"""One metric over commits: a panel for each series, with the places where its level changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lightbench.errors import UsageError
from lightbench.figures.labels import labels, shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import differing, shared
from lightbench.stats.median import median
from lightbench.studies.history.entries import COUNTS, KEYS, entries
from lightbench.studies.history.series import Point, Series, histories, machines
from lightbench.units import visible
from lightbench.views.metrics import HEADINGS, METRICS, change

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 12
DOTS = 80  # commits; of more only the line is drawn
NAME, COMMIT = 34, 14  # letters
ROOM = {1: 640, 2: 290}  # width of a panel, in points of 1/72 inch, with so many in a row
LETTER, ROWS = 4.0, 2  # width of a small letter in points; of names of steps above the values


def draw(records: Sequence[Record]) -> Figure:
    """The latency of records over their commits. Raises UsageError if none has a time outside of a
    sweep."""
    return draw_series(histories(entries(records), "latency"))


def draw_series(series: Sequence[Series]) -> Figure:
    """At most 12 panels: the value of each commit in the order of time, with its 95 % interval where it
    has one, the median between two steps, and a line at each step with its commit and size. Series are
    those of one metric. Raises UsageError without any."""
    from matplotlib.figure import Figure

    if not series:
        raise UsageError("no record has a time outside of a sweep: there is nothing to draw.")
    drawn = series[:PANELS]
    across = 1 if len(drawn) == 1 else 2
    down = -(-len(drawn) // across)
    with style():
        figure = Figure(figsize=(10, 1.0 + 2.1 * down), layout="constrained")
        panels = list(figure.subplots(down, across, squeeze=False).flat)
        for axes, one, name in zip(panels, drawn, _names(drawn), strict=False):
            _panel(axes, one, ROOM[across])
            axes.set_title(name, fontsize=8, **LITERAL)
        for axes in panels[len(drawn) :]:
            axes.set_visible(False)
        figure.suptitle(_title(series, drawn), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _names(series: Sequence[Series]) -> list[str]:
    """What each panel shows, in one or two lines."""
    records = [one.record for one in series]
    own, _ = labels(records, differing(records))
    return [
        "\n".join(shorten(visible(line), NAME) for line in lines if line)
        for lines in zip(own, machines(series), strict=True)
    ]


def _title(series: Sequence[Series], drawn: Sequence[Series]) -> str:
    what = HEADINGS[KEYS.get(series[0].metric, series[0].metric)]
    left_out = len(series) - len(drawn)
    some = f"the first {len(drawn)} of {len(series)} series" if left_out else ""
    counted = series[0].metric in COUNTS
    said = "changes are exact" if counted else "steps are advice"
    known = any(point.low for one in drawn for point in one.points)
    bars = "grey bars are 95 % intervals" if known else ""
    same = shared([one.record for one in drawn])
    return title([f"{what} over commits", some, said, bars, *same])


def _panel(axes: Axes, one: Series, room: float) -> None:
    points = one.points
    values = [point.value for point in points]
    marker = {"marker": "o", "markersize": 2.5} if len(points) <= DOTS else {}
    axes.plot(range(len(points)), values, color="0.45", linewidth=0.7, zorder=2, **marker)  # type: ignore[arg-type]
    known = [
        (x, point.low, point.high)
        for x, point in enumerate(points)
        if point.low is not None and point.high is not None
    ]
    bounds = [bound for _, low, high in known for bound in (low, high)]
    if known:
        at, low, high = zip(*known, strict=True)
        axes.vlines(at, low, high, color="0.75", linewidth=1.2, zorder=1)
    ends = [0, *(found.at for found in one.changes), len(points)]
    for start, end in pairwise(ends):
        level = median(values[start:end])
        axes.plot([start - 0.5, end - 0.5], [level, level], color="black", linewidth=1.4, zorder=3)
    axes.set_xlim(-0.5, len(points) - 0.5)
    _heights(axes, [*values, *bounds], one.metric)
    _steps(axes, one, room)
    _ends(axes, points)


def _heights(axes: Axes, values: Sequence[float], metric: str) -> None:
    """From the lowest to the highest, and never so near that noise fills the panel."""
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    room = max((high - low) * 0.15, 0.05 * high - (high - low) / 2) or 1
    bottom = max(low - room, 0)
    axes.set_ylim(bottom, bottom + (high - bottom or 1) / 0.76)  # names stand in the rest
    text = METRICS[KEYS.get(metric, metric)]
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(lambda value, _: text(value))
    axes.tick_params(labelsize=7)


def _steps(axes: Axes, one: Series, room: float) -> None:
    """A line at each change. Above the values stand commits and sizes, the last ones first, where two
    rows have room for them."""
    n = len(one.points)
    free = [[] for _ in range(ROWS)]  # type: list[list[tuple[float, float]]]
    for found in reversed(one.changes):
        axes.axvline(found.at - 0.5, color="black", linewidth=0.8, linestyle=":", zorder=1)
        commit = shorten(visible(one.points[found.at].name), COMMIT)
        size = "" if found.ratio is None else change(found.ratio - 1)
        text = f"{commit} {size}"
        x, width = found.at / n, LETTER * (len(text) + 1) / room
        left = x if x + width <= 1 else x - width
        row = next(
            (r for r in range(ROWS) if all(left + width <= a or b <= left for a, b in free[r])),
            None,
        )
        if row is None:
            continue
        free[row].append((left, left + width))
        side = 1 if left == x else -1
        axes.annotate(
            text, (found.at - 0.5, 0.99 - 0.1 * row), (2.5 * side, 0), va="top", fontsize=6.5,
            ha="left" if side > 0 else "right", xycoords=("data", "axes fraction"),
            textcoords="offset points", parse_math=False, usetex=False,
        )  # fmt: skip


def _ends(axes: Axes, points: Sequence[Point]) -> None:
    """The first and the last commit below the axis."""
    at = [0, len(points) - 1] if len(points) > 1 else [0]
    axes.set_xticks(at, [shorten(visible(points[x].name), COMMIT) for x in at], **LITERAL)
    if len(at) > 1:
        first, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
