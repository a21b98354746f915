"""The noise of a machine drawn: what gates find and how often they cry wolf, by how long they take.

Not a figure of the registry: it is drawn of pairs of three sides, which no record holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.labels import lines
from lightbench.figures.style import LITERAL, style
from lightbench.stats.bootstrap import Odds
from lightbench.stats.verdict import ALPHA, POWER
from lightbench.studies.noise.measure import Noise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WALL, CPU = ("#0072b2", "o"), ("#d55e00", "s")  # of Okabe and Ito, and a mark each


def draw_noise(found: Noise, words: str) -> Figure:
    """Left: the smallest slowdown that a gate finds, by its seconds, on each clock. Right: how often it calls identical
    sides slower or faster, with the bound of that, and how often the same. ``words`` stand above. Raises
    UsageError where too little was measured for any gate."""
    from matplotlib.figure import Figure

    wall = [one for one in found.wall if one is not None]
    if not wall:
        raise UsageError("too little was measured for a gate: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(10, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        device = bool(found.samples["a"].device_s)
        _smallest(left, wall, WALL, "device clock" if device else "wall clock")
        _smallest(left, [one for one in found.cpu if one], CPU, "CPU clock")
        _finish(left, found.tolerance)
        _alarms(right, wall)
        figure.suptitle(lines(words, 120), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _smallest(axes: Axes, odds: Sequence[Odds], look: tuple[str, str], name: str) -> None:
    known = [(one.seconds, 100 * one.smallest) for one in odds if one.smallest is not None]
    if not known:
        return
    colour, mark = look
    axes.plot(*zip(*known, strict=True), f"-{mark}", color=colour, label=name)
    for x, y in known:
        axes.annotate(
            f"{units.percent(y / 100)}", (x, y), (5, 5), textcoords="offset points", fontsize=8
        )


def _finish(axes: Axes, tolerance: float) -> None:
    axes.axhline(100 * tolerance, linestyle="--", color="0.4", linewidth=0.9)
    axes.annotate(
        f"tolerance {units.percent(tolerance)}", (1, 100 * tolerance), (0, 3), ha="right",
        xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8, color="0.3",
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.margins(x=0.15, y=0.2)
    axes.set_ylim(0, 1.2 * max(axes.get_ylim()[1], 100 * tolerance))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_xlabel("seconds of the gate")
    axes.set_title(f"Smallest slowdown found in {units.percent(POWER)} of gates")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    else:
        axes.text(0.5, 0.5, "none is found", transform=axes.transAxes, ha="center")


def _alarms(axes: Axes, odds: Sequence[Odds]) -> None:
    at = range(len(odds))
    parts = (
        ("called the same", "#56b4e9", "", [one.same for one in odds]),
        ("unclear", "0.85", "//", [one.unclear for one in odds]),
        ("slower or faster: a false alarm", "#d55e00", "xx", [one.alarm_rate for one in odds]),
    )
    below = [0.0] * len(odds)
    for name, colour, hatch, shares in parts:
        heights = [100 * share for share in shares]
        axes.bar(
            at, heights, 0.6, bottom=below, color=colour, hatch=hatch, edgecolor="0.3", linewidth=0.6,
            label=name,
        )  # fmt: skip
        below = [low + high for low, high in zip(below, heights, strict=True)]
    for x, one in zip(at, odds, strict=True):
        axes.annotate(
            f"{units.percent(one.alarm_rate)} false,\nat most {units.percent(one.alarm_bound)}",
            (x, 100), (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize=7.5,
        )  # fmt: skip
    axes.set_xticks(at, [f"{units.count(one.seconds, 2)} s" for one in odds])
    axes.set_xlim(-0.6, max(len(odds), 2) - 0.4)
    axes.set_ylim(0, 122)
    axes.set_yticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)])
    axes.set_title(f"Identical sides are called ({units.percent(ALPHA)} of alarms is meant)")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.08), frameon=False, fontsize=8, ncols=3)
