"""Where the time of a call goes: one bar a network, a piece a kind of operator.

Not a figure of the registry: it is drawn from records that hold times of operators, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.labels import shorten
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.count.groups import GROUPS
from lightbench.studies.layers.kernels import EngineBreakdown
from lightbench.studies.layers.shares import Part, costs_and_times, kinds_of
from lightbench.studies.layers.table import whole_call, with_interval
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Grey and hatch tell the pieces apart, in the order of GROUPS.
LOOKS = (("0.35", ""), ("0.92", "////"), ("0.65", "...."), ("1.0", ""))
WORDS: dict[str, Any] = {**LITERAL}
WIDE = 0.09  # a piece of this share holds its label; a narrower one has it above
HEIGHT, HEADER = 0.44, 0.47  # of a bar, and of the words above its middle: rows are 1 apart


def draw(records: Sequence[Record]) -> Figure:
    """Each bar is one network: the time of its operators, in the groups of Figure 2 of the ShuffleNet
    V2 paper, labelled with their median share. Above each bar: the time of the whole call, and how
    much of it the operators add up to. Raises UsageError for no records, ValueError for one without
    times of operators."""
    from matplotlib.figure import Figure

    if not records:
        raise UsageError("no network was taken apart: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(9, 1.2 + 1.05 * len(records)), layout="constrained")
        axes = figure.subplots()
        end = 1.0
        for row, record in enumerate(records):
            kinds = EngineBreakdown(record).parts("group") if record.kernels else kinds_of(record)
            end = max(end, _bar(axes, row, kinds, named=row == 0))
            text = axes.text(0, row - HEADER, _said(record), va="bottom", **WORDS)
            text.set_in_layout(False)  # it is short enough, and must not make the bars shorter
        axes.set(xlim=(0, end), ylim=(len(records) - 0.7, -0.7))
        axes.set_xticks([i / 5 for i in range(6)], [f"{20 * i} %" for i in range(6)])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(_conditions(records), loc="left", fontsize=8, **WORDS)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower left", ncols=len(GROUPS), frameon=False,
            handlelength=2.4, handleheight=1.2,
        )  # fmt: skip
        figure.suptitle("Run time by kind of operator", x=0.01, ha="left", fontsize=10)
    return figure


def _said(record: Record) -> str:
    """The name, what a call takes, and how much of it the pieces are."""
    takes = (
        f"{shorten(visible(record.case.model), 28)}: a call takes"
        f" {with_interval(whole_call(record), units.seconds)}"
    )
    if record.kernels:
        return f"{takes}; shares as {record.case.engine} itself tells them"
    over = costs_and_times(record)[1].over_whole
    return f"{takes}, its operators add up to {units.percent(over.median)} of it"


def _conditions(records: Sequence[Record]) -> str:
    words = [shorten(visible(word), 28) for word in shared(records)]
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
