"""Throughput against latency: a line for each series, points named by what grows, the knee marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import tip_of
from lightbench.figures.labels import shorten, title
from lightbench.figures.numbers import DOT, number_points
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.scaling.knee import Knee, knee
from lightbench.studies.scaling.series import Point, Series, all_series
from lightbench.studies.scaling.table import series_names
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^Dvp*X"
SHADES = ("black", "0.45", "0.65")
MOST = len(MARKERS)
ROOM = 1.25  # around all of them
RING = 2.2  # of the knee, in diameters of a point
NAMES = 36  # letters, of which two stand beside each other


def draw(records: Sequence[Record]) -> Figure:
    """Left and up is better. Bars are the 95 % intervals of the medians, in both directions; a ring is the
    knee, thin ones where the intervals do not tell which of several points
    it is. Raises UsageError if
    no two points of one series have a time."""
    from matplotlib.figure import Figure

    found = [series for series in all_series(records) if len(series.timed) > 1]
    if not found:
        raise UsageError("no series has two points with a time: there is nothing to draw.")
    shown = found[:MOST]
    with style():
        figure = Figure(figsize=(8.8, 4.8 + 0.16 * len(shown)), layout="constrained")
        axes = figure.subplots()
        for i, (series, name) in enumerate(zip(shown, series_names(found), strict=False)):
            _line(axes, series, name, MARKERS[i], SHADES[i % len(SHADES)])
        points = [point for series in shown for point in series.timed]
        _scale(axes, points)
        all_of = [point.record for point in points]
        words = ["Throughput against latency", f"by {found[0].axis}", *shared(all_of)]
        said = "\n".join((title(words), _caption(found)))
        figure.suptitle(said, x=0.01, ha="left", fontsize=9, **LITERAL)
        if len(shown) > 1:
            figure.legend(
                *axes.get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False,
                fontsize=7.5,
            )  # fmt: skip
        figure.draw_without_rendering()  # now the layout is known, which labels need
        at = [(_latency(point), _throughput(point)) for point in points]
        number_points(axes, [f"{point.size:g}" for point in points], at)
    return figure


def _line(axes: Axes, series: Series, name: str, marker: str, shade: str) -> None:
    found = knee(series)
    xs, ys = [_latency(p) for p in series.timed], [_throughput(p) for p in series.timed]
    axes.plot(
        xs, ys, "-", marker=marker, markersize=2 * DOT, color=shade, linewidth=0.9,
        label=shorten(visible(name), NAMES),
    )  # fmt: skip
    for point, x, y in zip(series.timed, xs, ys, strict=True):
        _interval(axes, point, shade)
        (dot,) = axes.plot(x, y, marker, markersize=2 * DOT, color=shade, zorder=4)
        tip_of(dot, point.record, f"{units.number(y)} img/s", series.about.words(point.record))
        if found and point in found.points and not (found.last and len(found.points) == 1):
            _ring(axes, x, y, certain=found.known is point)


def _interval(axes: Axes, point: Point, shade: str) -> None:
    x, y = _latency(point), _throughput(point)
    axes.plot(_ends(point), [y, y], "-", color=shade, linewidth=0.7, zorder=1)
    axes.plot([x, x], _rates(point), "-", color=shade, linewidth=0.7, zorder=1)


def _ends(point: Point) -> tuple[float, float]:
    """Of the interval of its latency."""
    time = point.record.latency
    assert time is not None
    return time.low_s or time.median_s, time.high_s or time.median_s


def _rates(point: Point) -> tuple[float, float]:
    """The same of its throughput."""
    low, high = _ends(point)
    return point.record.case.batch / high, point.record.case.batch / low


def _ring(axes: Axes, x: float, y: float, *, certain: bool) -> None:
    axes.plot(
        x, y, "o", markersize=2 * DOT * RING, markerfacecolor="none", markeredgecolor="black",
        markeredgewidth=1.2 if certain else 0.6, zorder=3,
    )  # fmt: skip


def _caption(found: Sequence[Series]) -> str:
    lines = [f"numbers: {found[0].axis}; left and up is better"]
    knees: list[Knee] = [k for k in map(knee, found[:MOST]) if k]
    if any(k.known for k in knees):
        lines[0] += "; ring: the knee, where throughput over latency is largest"
    if any(len(k.points) > 1 for k in knees):
        lines.append("thin rings: one of these is the knee, the intervals do not tell which")
    failed = sum(len(s.points) - len(s.timed) for s in found)
    if failed:
        lines.append(f"{failed} points have no time and are not shown")
    if len(found) > MOST:
        lines.append(f"{len(found) - MOST} of {len(found)} series are not shown")
    return "\n".join(lines)


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    """Logarithmic, with room for labels."""
    xs = [end for point in points for end in _ends(point)]
    ys = [end for point in points for end in _rates(point)]
    axes.set(
        xscale="log", yscale="log",
        xlim=(min(xs) / ROOM, max(xs) * ROOM), ylim=(min(ys) / ROOM, max(ys) * ROOM),
        xlabel="latency of a call (median)", ylabel="images a second",
    )  # fmt: skip
    x, y = ticks(*axes.get_xlim()), ticks(*axes.get_ylim())
    axes.set_xticks(x, [units.seconds(tick) for tick in x])
    axes.set_yticks(y, [units.number(tick) for tick in y])
    axes.tick_params(which="minor", left=False, bottom=False, labelleft=False, labelbottom=False)


def _latency(point: Point) -> float:
    assert point.record.latency is not None
    return point.record.latency.median_s


def _throughput(point: Point) -> float:
    return point.record.throughput or 0.0
