"""What each engine takes of the time of eager PyTorch, network by network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import between, tip_of
from lightbench.figures.labels import LABEL, shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Case, Record
from lightbench.reports.engines import EngineSet, largest
from lightbench.stats.ratio import Ratio
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What tells engines apart: mark and filling, in print and to all eyes.
LOOKS = (
    ("o", "black"), ("s", "white"), ("^", "0.6"), ("D", "white"), ("v", "black"), ("P", "0.6"), ("X", "white"),
)  # fmt: skip
APART, MOST = 0.3, 0.3  # of a row: between marks of two engines; at most so far from its middle


def draw(records: Sequence[Record]) -> Figure:
    """A row for each network, the one that gains most at the top; a mark for each engine at its multiple of
    eager's time, with its 95 % interval. Of several sets of profiles that differ in network and engine
    alone, the largest. Raises UsageError where no engine was timed beside another."""
    from matplotlib.figure import Figure

    found = largest(records)
    rows = [(network, ratios) for network in found.networks if (ratios := _ratios(found, network))]
    if not rows:
        raise UsageError(f"no engine was timed beside {found.base}: there is nothing to draw.")
    rows.sort(key=lambda row: sum(ratio.log for ratio in row[1].values()) / len(row[1]))
    with style():
        row = 0.27 + 0.04 * max(len(found.engines) - 3, 0)
        figure = Figure(figsize=(8, max(3.0, 1.6 + row * len(rows))), layout="constrained")
        axes = figure.subplots()
        _rows(axes, found, rows)
        axes.axvline(1, color="0.45", linewidth=0.9, zorder=1)
        _scale(axes, [ratio for _, ratios in rows for ratio in ratios.values()])
        names = [shorten(visible(found.networks[network]), LABEL) for network, _ in rows]
        axes.set_yticks(range(len(rows)), names, **LITERAL)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", left=False)
        base = shorten(visible(found.base), LABEL)
        figure.legend(loc="outside lower left", ncols=4, frameon=False, fontsize=8)
        what = f"Time as a multiple of that in {base}, 95 % interval"
        words = "\n".join((what, title(found.conditions.split(", "))))
        figure.suptitle(words, x=0.01, ha="left", fontsize=8, **LITERAL)
    return figure


def _ratios(found: EngineSet, network: Case) -> dict[str, Ratio]:
    """By engine, of those that were timed beside the base."""
    every = ((engine, found.ratio(network, found.base, engine)) for engine in found.engines[1:])
    return {engine: ratio for engine, ratio in every if ratio}


def _rows(axes: Axes, found: EngineSet, rows: Sequence[tuple[Case, dict[str, Ratio]]]) -> None:
    engines = found.engines[1:]
    step = min(APART, 2 * MOST / max(len(engines) - 1, 1))
    for i, engine in enumerate(engines):
        marker, colour = LOOKS[i % len(LOOKS)]
        aside = step * (i - (len(engines) - 1) / 2)
        label: str | None = shorten(visible(engine), LABEL)
        for row, (network, ratios) in enumerate(rows):
            if (ratio := ratios.get(engine)) is None:
                continue
            at = row + aside
            if ratio.low is not None and ratio.high is not None:
                axes.plot(
                    (ratio.low, ratio.high), (at, at), "-", color="black", linewidth=0.9, zorder=2
                )
            (mark,) = axes.plot(
                ratio.ratio, at, marker, markersize=5.5, color=colour, markeredgecolor="black",
                markeredgewidth=0.8, linestyle="none", zorder=3, label=label,
            )  # fmt: skip
            label = None
            if record := found.record(network, engine):
                said = f"{units.factor(ratio.ratio)}{between(ratio.low, ratio.high, units.factor)}"
                tip_of(mark, record, f"{said} times {found.base}")
    for row in range(len(rows)):
        axes.axhline(row, color="0.88", linewidth=0.6, zorder=0)


def _scale(axes: Axes, ratios: Sequence[Ratio]) -> None:
    """Logarithmic, with 1 in it: twice as fast is as far from it as twice as slow."""
    least = min(ratio.low or ratio.ratio for ratio in ratios)
    most = max(ratio.high or ratio.ratio for ratio in ratios)
    axes.set_xscale("log")
    axes.set_xlim(min(least, 1) / 1.15, max(most, 1) * 1.15)
    at = ticks(*axes.get_xlim())
    axes.set_xticks(at, [units.factor(tick) for tick in at])
    axes.tick_params(which="minor", bottom=False, labelbottom=False)
