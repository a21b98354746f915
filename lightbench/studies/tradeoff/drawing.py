"""Measured accuracy against measured time, with both intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench.errors import UsageError
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.tradeoff.points import Point, best, points_of
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ON, OFF = "#0072b2", "#777777"  # blue of Okabe and Ito, and grey


def draw_tradeoff(records: Sequence[Record]) -> Figure:
    """Up is more accurate, left is faster; the line is the front. Raises UsageError where nothing has both."""
    from matplotlib.figure import Figure

    points = [p for p in points_of(records) if p.time is not None and p.accuracy is not None]
    if not points:
        raise UsageError("no network has both a time and an accuracy: there is nothing to draw.")
    on = best(points)
    with style():
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for i, point in enumerate(points):
            _add(axes, point, ON if i in on else OFF, "o" if i in on else "s")
        line = sorted((p.time.median * 1e3, 100 * p.accuracy.median) for i, p in enumerate(points) if i in on and p.time and p.accuracy)  # fmt: skip
        axes.plot(*zip(*line, strict=True), "--", color=ON, linewidth=0.8, zorder=0)
        axes.set_xlabel("time of a call (ms), median with its 95 % interval")
        axes.set_ylabel("top-1 (%) with its 95 % interval")
        axes.margins(0.3, 0.1)  # room for names
        data = dict.fromkeys(each.data for point in points for each in point.evaluations)
        figure.suptitle(
            title([*data, *shared([p.timed for p in points])]), x=0.01, ha="left", fontsize=10, **LITERAL
        )  # fmt: skip
    return figure


def _add(axes: object, point: Point, color: str, marker: str) -> None:
    time, accuracy = point.time, point.accuracy
    assert time is not None
    assert accuracy is not None
    x, y = time.median * 1e3, 100 * accuracy.median
    across = [[x - 1e3 * (time.low or time.median)], [1e3 * (time.high or time.median) - x]]
    up = [[y - 100 * _or(accuracy.low, accuracy.median)], [100 * _or(accuracy.high, accuracy.median) - y]]  # fmt: skip
    axes.errorbar(x, y, yerr=up, xerr=across, fmt=marker, color=color, capsize=2, markersize=5)  # type: ignore[attr-defined]
    name = shorten(visible(point.timed.case.model), 28)
    axes.annotate(name, (x, y), (6, -12), textcoords="offset points", fontsize=8, **LITERAL)  # type: ignore[attr-defined]


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound
