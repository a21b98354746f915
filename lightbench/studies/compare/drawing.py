"""A comparison drawn: how the ratios of its pairs are spread, and both sides over the rounds.

Not a figure of the registry: it is drawn of a comparison, which two records alone are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.bars import EDGE, FILL
from lightbench.figures.labels import fitted, lines
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Samples
from lightbench.stats.median import by_round
from lightbench.studies.compare.comparison import Comparison
from lightbench.views.metrics import change

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

A, B = "#777777", "#0072b2"  # grey, and blue of Okabe and Ito
BINS = 40
NAME = 40  # letters of a side
FAR = 3  # so many times from one end to the other: then the axis is logarithmic
TAIL = 0.05  # of the pairs at each end are beyond the axis


def draw_comparison(found: Comparison, verdict: str) -> Figure:
    """Left: each pair's change of time, B over A, and below it the interval of their median, over the band that
    the tolerance makes. Right: both sides, round by round. ``verdict`` is the sentence above. Raises UsageError
    where nothing was timed."""
    from matplotlib.figure import Figure

    if found.ratio is None or found.a.samples is None or found.b.samples is None:
        raise UsageError("the sides were not timed together: there is nothing to draw.")
    sides = [_rounds(side, found.clock) for side in (found.a.samples, found.b.samples)]
    n = min(map(len, sides))
    a, b = (side[:n] for side in sides)
    with style():
        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(5, 4))
        _spread(left, [y / x for x, y in zip(a, b, strict=True)], found)
        _rounds_of(right, a, b, [fitted(name, NAME) for name in found.names])
        figure.suptitle(lines(verdict, 120), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _rounds(samples: Samples, clock: str) -> Sequence[float]:
    times = getattr(samples, f"{clock}_s", None) or samples.times_s
    return by_round(times, samples.samples_per_round)


def _spread(axes: Axes, ratios: Sequence[float], found: Comparison) -> None:
    import numpy as np

    ratio = found.ratio
    assert ratio is not None
    cut = int(TAIL * len(ratios))
    ordered = sorted(ratios)
    band = (1 / (1 + found.tolerance), 1 + found.tolerance)
    bounds = [end for end in (ratio.low, ratio.high) if end is not None]
    ends = [ordered[cut], ordered[-1 - cut], *band, *bounds, ratio.ratio]
    room = (max(ends) / min(ends)) ** 0.06
    low, high = min(ends) / room, max(ends) * room
    axes.axvspan(*band, color="0.92", zorder=0)
    bins = np.geomspace(low, high, BINS + 1)
    counts, _, _ = axes.hist(ordered, bins=list(bins), color=FILL, edgecolor=EDGE, linewidth=0.5)
    top = float(max(counts))
    axes.plot([ratio.ratio] * 2, [0, 1.06 * top], color="black", linewidth=1)
    if bounds:
        axes.plot(bounds, [1.06 * top] * 2, "-|", color="black", linewidth=2.5, markersize=10)
    axes.set(xlim=(low, high), ylim=(0, 1.25 * top))
    _scale(axes, low, high)
    near = 1 / FAR < ratio.ratio < FAR
    axes.annotate(
        change(ratio.ratio - 1) if near else _times(ratio.ratio), (ratio.ratio, 1.06 * top), (0, 6), textcoords="offset points",
        ha="center", va="bottom",
    )  # fmt: skip
    beyond = sum(not low <= one <= high for one in ratios)
    more = f"; {units.exact(beyond)} are beyond" if beyond else ""
    axes.set_xlabel(f"time of B over A, pair by pair ({units.exact(len(ratios))}){more}")
    axes.set_ylabel("pairs")
    sure = (
        f" with its {units.percent(found.confidence)} interval" if bounds else ", no interval yet"
    )
    axes.set_title(f"Median{sure}; grey: tolerance", fontsize=9)


def _scale(axes: Axes, low: float, high: float) -> None:
    """Changes in per cent; where the ends are far apart, ratios on a logarithmic axis."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    if high / low <= FAR:
        axes.xaxis.set_major_formatter(lambda value, _: _change(value))
        axes.xaxis.set_major_locator(MaxNLocator(8))
        return
    axes.set_xscale("log")
    at = ticks(low, high)
    axes.set_xticks(at, [_times(tick) for tick in at])
    axes.tick_params(which="minor", bottom=False, labelbottom=False)


def _change(ratio: float) -> str:
    return change(round(ratio - 1, 6)) if abs(ratio - 1) > 1e-9 else "0"


def _times(ratio: float) -> str:
    return f"x{units.number(ratio)}"


def _rounds_of(axes: Axes, a: Sequence[float], b: Sequence[float], names: Sequence[str]) -> None:
    at = range(1, len(a) + 1)
    for times, colour, mark, which, name in (
        (a, A, "s", "A", names[0]),
        (b, B, "o", "B", names[1]),
    ):
        axes.plot(
            at, times, mark, color=colour, markersize=2.5, alpha=0.6, label=f"{which}: {name}"
        )
    ordered = sorted([*a, *b])
    cut = int(TAIL * len(ordered))
    low, high = ordered[cut], ordered[-1 - cut]
    if high / low > FAR:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.3)
        levels = ticks(low / 1.3, high * 1.3)
        axes.set_yticks(levels, [units.seconds(level) for level in levels])
        axes.tick_params(which="minor", left=False, labelleft=False)
    else:
        room = 0.1 * (high - low) or 0.1 * high
        axes.set_ylim(max(low - room, 0), high + room)
        axes.yaxis.set_major_formatter(lambda value, _: units.seconds(value) if value > 0 else "0")
    axes.set_xlabel("round")
    axes.set_xlim(0, math.ceil(len(a) * 1.02) + 1)
    axes.set_title("Time of one call, round by round", fontsize=9)
    told = axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.14), frameon=False, fontsize=8, markerscale=2
    )
    for text in told.get_texts():
        text.set(**LITERAL)
