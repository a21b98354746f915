"""A training drawn: loss, accuracy and learning rate, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.labels import title
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.studies.learned import About
from lightbench.studies.train.checkpoint import Epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = 5  # times the lowest loss, from which on an axis is logarithmic
LEARNED, TESTED = "#777777", "#0072b2"  # grey, and blue of Okabe and Ito


def curves(about: About, epochs: Sequence[Epoch]) -> Figure:
    """Three panels over one axis of epochs. The best epoch is marked. Raises UsageError without epochs."""
    from matplotlib.figure import Figure

    if not epochs:
        raise UsageError("no epoch is done: there is nothing to draw.")
    best = max(epochs, key=lambda epoch: epoch.test_accuracy)
    at = [epoch.epoch for epoch in epochs]
    with style():
        figure = Figure(figsize=(10, 3.4), layout="constrained")
        losses, accuracies, rates = figure.subplots(1, 3)
        losses.plot(at, [e.loss for e in epochs], "--", color=LEARNED, label="learning")
        losses.plot(at, [_or_gap(e.test_loss) for e in epochs], color=TESTED, label="testing")
        losses.set_title("loss")
        _round_logarithms(losses, [e.loss for e in epochs], [e.test_loss for e in epochs])
        losses.legend(frameon=False)
        accuracies.plot(at, [100 * e.accuracy for e in epochs], "--", color=LEARNED)
        accuracies.plot(at, [100 * e.test_accuracy for e in epochs], color=TESTED)
        accuracies.plot(best.epoch, 100 * best.test_accuracy, "o", color=TESTED)
        accuracies.set_title(f"accuracy (%): best {units.percent(best.test_accuracy)} in epoch {best.epoch}")  # fmt: skip
        rates.plot(at, [e.lr for e in epochs], color="black")
        rates.set_title("learning rate")
        for axes in (losses, accuracies, rates):
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
        name = title([about.model, about.data, f"seed {about.seed}"])
        figure.suptitle(name, x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _or_gap(value: float | None) -> float:
    return float("nan") if value is None else value


def _round_logarithms(axes: Axes, *values: Sequence[float | None]) -> None:
    """A logarithmic axis with round numbers as they are read, where losses differ so much that one in a line would hide
    the small ones; losses of 0 have no place on it."""
    known = [value for line in values for value in line if value]
    if not known or max(known) < WIDE * min(known):
        return
    axes.set_yscale("log")
    low, high = min(known) / 1.2, max(known) * 1.2
    at = ticks(low, high)
    axes.set_ylim(low, high)
    axes.set_yticks(at, [units.number(value) for value in at])
    axes.set_yticks([], minor=True)
