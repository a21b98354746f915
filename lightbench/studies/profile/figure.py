"""Measured time of each case, and how little its multiply-adds say about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from textwrap import wrap
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.families import family, looks
from lightbench.figures.hover import tip_of
from lightbench.figures.labels import Point, labels
from lightbench.figures.numbers import DOT, number_points
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.views import remarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


FEW, SHORT = 10, 24  # points that have their names, and letters of these


def draw(records: Sequence[Record]) -> Figure:
    """Left: median time with its 95 % interval, fastest first. Right: the same against MAdds.

    Few points have their names, more have the number that stands before a name; colour and mark are the
    network's family. Cases without a time, or with a suspect one, are left out and
    counted below. Raises UsageError if none has one.
    """
    from matplotlib.figure import Figure

    timed = sorted((r for r in records if r.latency and not r.suspicions), key=_median)
    if not timed:
        raise UsageError("no case has a measured time: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(10, max(3.8, 1.5 + 0.27 * len(timed))), layout="constrained")
        bars, scatter = figure.subplots(1, 2, width_ratios=(5, 4))
        names, shared = labels(timed)
        named = len(names) <= FEW and all(len(name) <= SHORT for name in names)
        _bars(bars, timed, names, numbered=not named)
        _scatter(scatter, timed)
        figure.supxlabel(_caption(records, timed, shared), x=0.01, ha="left", fontsize=8, **LITERAL)
        figure.draw_without_rendering()  # now the layout is known, which labels need
        counted = _counted(timed)
        words = [names[int(n) - 1] if named else n for n, *_ in counted]
        number_points(scatter, words, [point for *_, point in counted])
    return figure


def _median(record: Record) -> float:
    assert record.latency is not None
    return record.latency.median_s


def _caption(records: Sequence[Record], timed: Sequence[Record], shared: str) -> str:
    lines = wrap(shared, 100)
    marked = {word for record in timed for word in remarks.status(record).split(", ")}
    lines += [line for said in remarks.explained(marked) for line in wrap(said, 100)]
    counted = {number for number, _, _ in _counted(timed)}
    if absent := [number for number in map(str, range(1, len(timed) + 1)) if number not in counted]:
        lines.append(f"without MAdds, so not on the right: {', '.join(absent)}")
    if missing := len(records) - len(timed):
        doubted = ", or a suspect one," if any(r.suspicions for r in records) else ""
        lines.append(f"{missing} of {len(records)} cases have no time{doubted} and are not shown")
    return "\n".join(lines)


def _bars(axes: Axes, timed: Sequence[Record], names: Sequence[str], *, numbered: bool) -> None:
    rows = range(len(timed))
    bars = axes.barh(rows, [_median(r) for r in timed], height=0.62, color="0.82", edgecolor="0.35")
    ends = []
    for row, record, bar in zip(rows, timed, bars, strict=True):
        assert record.latency is not None
        tip_of(bar, record)
        low, high = record.latency.low_s, record.latency.high_s
        if low is not None and high is not None:
            axes.errorbar((low + high) / 2, row, xerr=(high - low) / 2, color="black", capsize=2.5)
        ends.append(max(_median(record), high or 0))
        text = f"{units.seconds(_median(record))} {remarks.signs(remarks.status(record))}".rstrip()
        axes.annotate(text, (ends[-1], row), (5, 0), textcoords="offset points", va="center")
    if numbered:
        names = [f"{name}  {row + 1:>2}" for row, name in zip(rows, names, strict=True)]
    axes.set_yticks(rows, names, **LITERAL)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(0, 1.22 * max(ends)), ylim=(max(len(timed), 4) - 0.4, -0.6))
    axes.set_title("Median time of one call, 95 % interval")


def _counted(timed: Sequence[Record]) -> list[tuple[str, Record, Point]]:
    """Each case that can stand on a logarithmic axis: its number, and its MAdds and time."""
    return [
        (str(i), record, (record.costs.madds, _median(record)))
        for i, record in enumerate(timed, 1)
        if record.costs and record.costs.madds
    ]


def _scatter(axes: Axes, timed: Sequence[Record]) -> None:
    counted = _counted(timed)
    axes.set_title("Time against multiply-adds")
    if not counted:
        axes.set_axis_off()
        axes.text(0, 0.9, "no case has multiply-adds", transform=axes.transAxes)
        return
    axes.set(xscale="log", yscale="log", xlabel="MAdds", ylabel="median time")
    told = looks([record.case.model for _, record, _ in counted])
    for _, record, (x, y) in counted:
        colour, mark = told[family(record.case.model)]
        (dot,) = axes.plot(
            x, y, mark, markersize=2 * DOT, color=colour, markeredgecolor="black", clip_on=False
        )
        dot.set_zorder(4)  # above the numbers
        tip_of(dot, record, f"{units.count(x)} MAdds")
    madds, times = zip(*(point for *_, point in counted), strict=True)
    _scale(axes, madds, times)
    if len(counted) > 1:
        rates = [m / t for m, t in zip(madds, times, strict=True)]
        typical = math.exp(fmean(map(math.log, rates)))
        ends = axes.get_xlim()
        axes.plot(ends, [m / typical for m in ends], "--", color="0.5", linewidth=1, zorder=0)
        axes.set_title(f"MAdds/s: {units.number(max(rates) / min(rates))} times apart")
        axes.set_xlabel("MAdds (dashed: in proportion)")


def _scale(axes: Axes, madds: Sequence[float], times: Sequence[float]) -> None:
    """Limits with room for labels, and ticks that read 200 M and 5.00 ms."""
    axes.set(xlim=_around(madds), ylim=_around(times))
    x, y = ticks(*axes.get_xlim()), ticks(*axes.get_ylim())
    axes.set_xticks(x, [units.count(tick, 1) for tick in x])
    axes.set_yticks(y, [units.seconds(tick) for tick in y])
    axes.tick_params(which="minor", left=False, bottom=False, labelleft=False, labelbottom=False)


def _around(values: Sequence[float]) -> tuple[float, float]:
    return min(values) / 1.6, max(values) * 1.6
