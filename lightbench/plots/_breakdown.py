"""Where the time of a call goes: one bar a network, a piece a kind of operator.

Not a figure of the registry, whose figures are drawn from records: this one needs times of operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.cases import shared
from lightbench.errors import UsageError
from lightbench.plots._labels import shorten
from lightbench.plots._style import LITERAL, style
from lightbench.timing.shares import GROUPS, Breakdown, Part
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Grey and hatch tell the pieces apart, in the order of GROUPS.
LOOKS = (("0.35", ""), ("0.92", "////"), ("0.65", "...."), ("1.0", ""))
WORDS: dict[str, Any] = {**LITERAL}
WIDE = 0.09  # a piece of this share holds its label; a narrower one has it above
HEIGHT, HEADER = 0.44, 0.47  # of a bar, and of the words above its middle: rows are 1 apart


def draw(breakdowns: Sequence[Breakdown]) -> Figure:
    """Each bar is one network: the time of its operators, in the groups of Figure 2 of the ShuffleNet
    V2 paper, labelled with their median share. Above each bar: the time of the whole call, and how
    much of it the operators add up to. Raises UsageError for none."""
    from matplotlib.figure import Figure

    if not breakdowns:
        raise UsageError("no network was taken apart: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(9, 1.2 + 1.05 * len(breakdowns)), layout="constrained")
        axes = figure.subplots()
        end = 1.0
        for row, breakdown in enumerate(breakdowns):
            end = max(end, _bar(axes, row, breakdown.parts("kind"), named=row == 0))
            text = axes.text(0, row - HEADER, _said(breakdown), va="bottom", **WORDS)
            text.set_in_layout(False)  # it is short enough, and must not make the bars shorter
        axes.set(xlim=(0, end), ylim=(len(breakdowns) - 0.7, -0.7))
        axes.set_xticks([i / 5 for i in range(6)], [f"{20 * i} %" for i in range(6)])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(_conditions(breakdowns), loc="left", fontsize=8, **WORDS)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower left", ncols=len(GROUPS), frameon=False,
            handlelength=2.4, handleheight=1.2,
        )  # fmt: skip
        figure.suptitle("Run time by kind of operator", x=0.01, ha="left", fontsize=10)
    return figure


def _said(breakdown: Breakdown) -> str:
    """The name, what a call takes, and how much of it the pieces are."""
    whole, ratio = breakdown.whole, breakdown.over_whole
    between = ""
    if whole.low is not None and whole.high is not None:
        between = f" ({units.seconds(whole.low)} to {units.seconds(whole.high)})"
    return (
        f"{shorten(visible(breakdown.record.case.model), 28)}: a call takes"
        f" {units.seconds(whole.median)}{between}, its operators add up to {units.percent(ratio.ratio)} of it"
    )


def _conditions(breakdowns: Sequence[Breakdown]) -> str:
    words = [shorten(visible(word), 28) for word in shared([b.record for b in breakdowns])]
    return "\n".join(
        wrap(
            "share of the operators' time; in brackets the 95 % interval; " + ", ".join(words), 145
        )[:3]
    )


def _bar(axes: Axes, row: int, parts: Sequence[Part], *, named: bool) -> float:
    """Pieces are as long as their median shares, which on a noisy machine need not add up to 1: then
    the bar ends before or behind it."""
    start, narrow = 0.0, []
    for part, (grey, hatch) in zip(parts, LOOKS, strict=True):
        length = part.share.median
        axes.barh(
            row, length, left=start, height=HEIGHT, color=grey, hatch=hatch, edgecolor="black",
            linewidth=0.8, label=part.name if named else None,
        )  # fmt: skip
        if length >= WIDE:
            axes.text(
                start + length / 2, row, units.percent(length), ha="center",
                va="center", fontsize=9,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
        elif length:
            narrow.append((start + length / 2, units.percent(length)))
        start += length
    _above(axes, row, narrow)
    return start


def _above(axes: Axes, row: int, narrow: Sequence[tuple[float, str]]) -> None:
    """Labels of pieces that are too narrow, side by side above them, a thin line to each."""
    room = 0.065  # of the bar for one label
    at: list[float] = []
    for i, (middle, _) in enumerate(narrow):
        first = at[-1] + room if at else room / 2
        last = 1 - room * (len(narrow) - i - 0.5)  # leaves room for those that follow
        at.append(min(max(middle, first), last))
    for (middle, text), x in zip(narrow, at, strict=True):
        axes.annotate(
            text, (middle, row - HEIGHT / 2), (x, row - HEIGHT / 2 - 0.06),
            ha="center", va="bottom", fontsize=8,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
