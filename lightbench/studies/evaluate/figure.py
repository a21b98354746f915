"""What is taken for what, and how far confidence can be trusted: two panels for each evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import tip
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.records.findings import Evaluation
from lightbench.stats.wilson import wilson
from lightbench.studies.evaluate.table import Row, names_of, rows_of
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 4  # evaluations
NUMBERED, NAMED, CELLS = (
    12,
    24,
    100,
)  # classes up to which there are numbers, names, and a cell each
NAME, ROW = 12, 60  # letters of a class, and of what an evaluation is called
WORDS: dict[str, Any] = {**LITERAL}
SQUARE = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))  # of a cell, about its middle
HIGH = 4.4  # inches, of an evaluation


def draw(records: Sequence[Record]) -> Figure:
    """For each evaluation, at most 4, the confusion matrix and the reliability diagram.

    The darkness of a cell is the root of the share of a row's class that is answered as the column's, so that few mistakes
    are seen too; of more than 100 classes a cell is several of them. The other panel is Figure 1 of Guo et al. 2017: of the images that are answered as confidently the
    share that is right with its Wilson interval, where the diagonal is a network that is as often right as it thinks.
    Raises UsageError for records without an evaluation.
    """
    from matplotlib.figure import Figure

    rows = rows_of(records)
    if not rows:
        raise UsageError("these records hold no evaluation: there is nothing to draw.")
    drawn = rows[:MOST]
    with style():
        figure = Figure(figsize=(10, 0.5 + HIGH * len(drawn)), layout="constrained")
        panels = figure.subplots(len(drawn), 2, squeeze=False)
        for (left, right), row, name in zip(panels, drawn, names_of(drawn), strict=True):
            _confusion(left, row.found, shorten(visible(name), ROW))
            _reliability(right, row)
        figure.suptitle(_words(rows, drawn), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _words(rows: Sequence[Row], drawn: Sequence[Row]) -> str:
    models = {row.record.case.model for row in drawn}
    data = {row.found.data for row in drawn}
    same = [one.pop() for one in (models, data) if len(one) == 1]
    some = f"the first {len(drawn)} of {len(rows)}" if len(drawn) < len(rows) else ""
    words = [word for word in shared([row.record for row in drawn]) if not word.startswith("input")]
    return title(["Evaluation", *same, some, *words])


def _confusion(axes: Axes, found: Evaluation, name: str) -> None:
    import numpy as np
    from matplotlib.collections import PolyCollection

    counts, step = _blocks(np.array(found.confusion), CELLS)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    many, places = len(counts), np.argwhere(counts > 0)
    squares = places[:, None, ::-1] + np.array(SQUARE)
    cells = PolyCollection(list(squares), array=np.sqrt(shares[tuple(places.T)]), cmap="Greys")
    cells.set(clim=(0, 1), linewidth=0, antialiased=False)
    axes.add_collection(cells)
    axes.set(xlim=(-0.5, many - 0.5), ylim=(many - 0.5, -0.5), aspect="equal")
    if many <= NUMBERED:
        for i, j in places:
            dark = "white" if shares[i, j] > 0.25 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=7, color=dark)
    _name_classes(axes, found.classes, many)
    several = f", {step} a cell" if step > 1 else ""
    low, high = (units.percent(bound) for bound in (found.interval.low, found.interval.high))
    said = (
        f"top-1 {units.percent(found.top1)} ({low} to {high}) of {units.exact(found.images)} images"
    )
    axes.set_title("\n".join(filter(None, (name, said))), fontsize=9, **WORDS)
    axes.set_xlabel(f"answered{several}")
    axes.set_ylabel(f"class{several}")


def _blocks(counts: Any, most: int) -> tuple[Any, int]:
    """The same counts in at most so many rows and columns, and how many classes are in each."""
    import numpy as np

    step = -(-len(counts) // most)
    starts = np.arange(0, len(counts), step)
    return np.add.reduceat(np.add.reduceat(counts, starts, axis=0), starts, axis=1), step


def _name_classes(axes: Axes, classes: Sequence[str], cells: int) -> None:
    if len(classes) > NAMED:
        axes.set(xticks=[], yticks=[])
        return
    words = [shorten(visible(one), NAME) for one in classes]
    long = max(map(len, words)) > 2
    axes.set_xticks(range(cells), words, rotation=90 if long else 0, fontsize=7, **LITERAL)
    axes.set_yticks(range(cells), words, fontsize=7, **LITERAL)
    axes.tick_params(length=0)


def _reliability(axes: Axes, row: Row) -> None:
    found, width = row.found, 1 / len(row.found.bins)
    answered = sum(each.images for each in found.bins)
    for i, each in enumerate(found.bins):
        if not each.images or each.confidence is None:
            continue
        share = wilson(each.right, each.images)
        (bar,) = axes.bar(
            (i + 0.5) * width, each.images / answered, 0.92 * width, color="0.85", zorder=1
        )
        ends = [end for end in (share.low, share.high) if end is not None]
        axes.plot([each.confidence] * len(ends), ends, "-", color="0.3", lw=0.9, zorder=3)
        axes.plot(
            each.confidence,
            share.median,
            "o",
            color="black",
            markersize=4.5,
            zorder=4,
            clip_on=False,
        )
        tip(
            bar,
            f"{units.exact(each.images)} images with a confidence of {units.percent(each.confidence)}:"
            f" {units.percent(share.median)} right",
            row.record.case.model,
        )
    axes.plot([0, 1], [0, 1], "--", color="0.5", lw=1, zorder=2)
    ticks = [i / 5 for i in range(6)]
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=ticks, yticks=ticks, aspect="equal")
    axes.set_xticklabels([f"{100 * tick:.0f} %" for tick in ticks])
    axes.set_yticklabels([f"{100 * tick:.0f} %" for tick in ticks])
    axes.set_xlabel("confidence; bars: share of the images")
    axes.set_ylabel("right")
    axes.set_title(
        f"ECE {units.percent(found.ece)}; points below the line: too confident", fontsize=9
    )
