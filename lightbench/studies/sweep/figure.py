"""One sweep: how much slower each point is than the reference, and what speed each attains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import between, tip
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.sweep.relative import Relative, relatives, slower, sweeps
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(records: Sequence[Record]) -> Figure:
    """Left: time over the reference's (per multiply-add where the points differ in them) with its
    95 % interval; black where the whole interval is above 1. Right: attained multiply-adds per
    second. The records are those of one sweep; of several the last is drawn. Raises UsageError if
    none has times.
    """
    from matplotlib.figure import Figure

    found = [points for group in sweeps(records) if (points := relatives(group))]
    if not found:
        raise UsageError("no sweep has measured times: there is nothing to draw.")
    points = found[-1]
    with style():
        figure = Figure(figsize=(10, max(3.0, 1.6 + 0.3 * len(points))), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(5, 3), sharey=True)
        _times(left, points)
        _rates(right, points)
        left.set_yticks(range(len(points)), [_label(point) for point in points], **LITERAL)
        left.set_ylim(len(points) - 0.4, -0.6)
        figure.suptitle(_title(points), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _title(points: Sequence[Relative]) -> str:
    first = points[0].point
    same = shared([point.record for point in points])
    return title([first.experiment.replace("_", " "), first.channels, *same])


def _label(point: Relative) -> str:
    settings = point.point.settings
    sizes = [str(settings[k]) for k in ("c1", "c2", "c") if k in settings]
    name = shorten(visible(point.point.point), 28)
    return f"{name}  ({', '.join(sizes)})" if sizes else name


def _times(axes: Axes, points: Sequence[Relative]) -> None:
    for y, point in enumerate(points):
        ratio = point.compared
        low, high = ratio.low or ratio.ratio, ratio.high or ratio.ratio
        axes.plot([low, high], [y, y], "-", color="black", linewidth=1, marker="|", markersize=6)
        (dot,) = axes.plot(
            ratio.ratio,
            y,
            "o",
            color="black" if slower(point) else "white",
            markeredgecolor="black",
        )
        tip_of_point(dot, point)
        axes.annotate(
            units.factor(ratio.ratio), (max(low, high), y), (5, 0), textcoords="offset points",
            va="center", fontsize=8,
        )  # fmt: skip
    ends = [bound for p in points for bound in (p.compared.low, p.compared.high, p.compared.ratio)]
    known = [end for end in ends if end is not None]
    if max(known) / min(known) > 8:
        axes.set_xscale("log")
        axes.set_xlim(min(known) / 1.3, max(known) * 1.6)
        at = ticks(*axes.get_xlim())
        axes.set_xticks(at, [units.number(tick) for tick in at])
        axes.tick_params(which="minor", bottom=False, labelbottom=False)
    else:
        axes.set_xlim(0, 1.15 * max(known))
    axes.axvline(1, color="0.6", linewidth=0.8, zorder=0)
    what = "Time per MAdd" if points[0].point.per_madd else "Time"
    axes.set_title(f"{what} over the reference's, 95 % interval")
    axes.tick_params(left=False)


def _rates(axes: Axes, points: Sequence[Relative]) -> None:
    rates = [(y, point.rate / 1e9) for y, point in enumerate(points) if point.rate]
    axes.set_title("Attained GMAdds/s")
    axes.tick_params(left=False, labelleft=False)
    if not rates:
        return
    at, values = zip(*rates, strict=True)
    axes.barh(at, values, height=0.6, color="0.8", edgecolor="0.35")
    for y, rate in rates:
        axes.annotate(
            units.number(rate), (rate, y), (3, 0), textcoords="offset points", va="center",
            fontsize=8,
        )  # fmt: skip
    axes.margins(x=0.18)
    axes.set_xlim(left=0)


def tip_of_point(artist: Artist, point: Relative, *, speed: bool = False) -> None:
    """The tip of a point of a sweep: its time, or speed, over the reference's, with the interval."""
    ratio, low, high = point.compared.ratio, point.compared.low, point.compared.high
    what = "time per MAdd" if point.point.per_madd else "time"
    if speed:
        what = "MAdds/s" if point.point.per_madd else "speed"
        ratio, low, high = 1 / ratio, 1 / high if high else None, 1 / low if low else None
    said = f"{what} {units.factor(ratio)}{between(low, high, units.factor)} of the reference's"
    words = (point.point.point, f"width x{point.point.width}", said, *shared([point.record]))
    tip(artist, ", ".join(words), point.record.case.model)
