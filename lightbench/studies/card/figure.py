"""A device card as a figure: the roofline with what each operator attains, and where it turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.card.card import EXPERIMENT, RATES, DeviceCard, card_of
from lightbench.studies.sweep.relative import Relative, slower, sweeps
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = ("o", "s", "D", "^", "v")


def draw(records: Sequence[Record]) -> Figure:
    """Left: attained MAdds/s of each kind of operator against its MAdds per byte, below the roof of
    memory and arithmetic. Right: time per MAdd of group counts and channel ratios, black where the
    whole interval is above 1. Raises UsageError unless the records make a card.
    """
    from matplotlib.figure import Figure

    card = card_of(records)
    if card is None:
        raise UsageError("these records make no device card: there is nothing to draw.")
    with style():
        figure = Figure(figsize=(10, 4.4), layout="constrained")
        left, groups, ratios = figure.subplots(1, 3, width_ratios=(5, 3, 3))
        _roofline(left, card, records)
        _turn(groups, card.groups, "Group count")
        _turn(ratios, card.ratios, "Channel ratio")
        words = [word for word in shared([card.record]) if not word.startswith("input")]
        what = title(["Device card", *words])
        figure.suptitle(what, x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _roofline(axes: Axes, card: DeviceCard, records: Sequence[Record]) -> None:
    latest = {
        r.sweep.point: r
        for group in sweeps(records)
        for r in group
        if r.sweep and r.sweep.experiment == EXPERIMENT and not r.sweep.launch
    }
    peak = max(rate.value for rate in card.madds_per_s.values())
    points = []
    for (name, kind), mark in zip(RATES.items(), MARKS, strict=True):
        costs = latest[name].costs
        if costs is not None and costs.intensity:
            rate = card.madds_per_s[kind].value
            points.append((costs.intensity, rate))
            label = f"{name}: {units.number(rate / 1e9)} GMAdds/s"
            axes.plot(
                costs.intensity, rate, mark, color="0.55", markeredgecolor="black", label=label
            )
    low = min(x for x, _ in points) / 2
    high = max(*(x for x, _ in points), card.ridge) * 2
    roof = [low, card.ridge, high]
    axes.plot(roof, [min(card.bandwidth.value * x, peak) for x in roof], "-", color="black", lw=1)
    axes.set_ylim(min(rate for _, rate in points) / 3, peak * 1.5)
    axes.axvline(card.ridge, color="0.6", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel="MAdds/byte (dashed: ridge)")
    across, up = ticks(*axes.get_xlim()), ticks(*axes.get_ylim())
    axes.set_xticks(across, [units.number(tick) for tick in across])
    axes.set_yticks(up, [units.count(tick, 1) for tick in up])
    axes.tick_params(which="minor", bottom=False, left=False, labelbottom=False, labelleft=False)
    axes.set_title(f"Attained MAdds/s; memory {units.number(card.bandwidth.value / 1e9)} GB/s")
    axes.legend(loc="lower right", borderaxespad=0.2, fontsize=7, frameon=False)


def _turn(axes: Axes, points: Sequence[Relative], heading: str) -> None:
    axes.set_title(heading)
    if not points:
        axes.set_axis_off()
        return
    for y, point in enumerate(points):
        ratio = point.compared
        low, high = ratio.low or ratio.ratio, ratio.high or ratio.ratio
        axes.plot([low, high], [y, y], "-", color="black", linewidth=1, marker="|", markersize=5)
        fill = "black" if slower(point) else "white"
        axes.plot(ratio.ratio, y, "o", color=fill, markeredgecolor="black", markersize=5)
    axes.axvline(1, color="0.6", linewidth=0.8, zorder=0)
    labels = [shorten(visible(point.point.point), 16) for point in points]
    axes.set_yticks(range(len(points)), labels, **LITERAL)
    axes.set_ylim(len(points) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("time per MAdd, relative")
    axes.tick_params(left=False)
