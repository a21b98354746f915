"""The Pareto front of accuracy and time of each engine, beside the one that multiply-adds promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.labels import LABEL, shorten, title
from lightbench.figures.numbers import number_points
from lightbench.figures.style import LITERAL, style
from lightbench.models.accuracies import Accuracies
from lightbench.records import Case, Record
from lightbench.reports.engines import EngineSet, largest, network_of
from lightbench.reports.figures.pareto import (
    COLUMNS,
    LINE,
    Known,
    Own,
    ends_of,
    heading,
    heights,
    intervals,
    known_of,
    limits,
    madds_of,
    median_of,
    panel,
    rated_by,
    scale,
    told_of,
)
from lightbench.stats.pareto import front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIGH = 3.4  # inches, of a row of panels
TICKS = {2: 8, 3: 4}  # at most so many, by how many panels are beside each other


def draw(records: Sequence[Record], own: Own = None) -> Figure:
    """A panel for each engine: top-1 accuracy against the median time, with 95 % intervals; all have one
    scale of time. The last panel is against MAdds. Steps and black: the front of that engine alone. Diamonds
    are on one of two fronts only, that of the engine and that of its networks by MAdds.

    A number is a network, the same in every panel. Of several sets of profiles that differ in network and
    engine alone, the largest. Raises UsageError if there is none, and if no engine has a network of known
    accuracy, MAdds and time.
    """
    from matplotlib.figure import Figure

    found, rated = largest(records), rated_by(records, own)
    panels = {engine: known for engine, known in _panels(found, rated) if known}
    if not panels:
        raise UsageError("no case has a known accuracy and a time: there is nothing to draw.")
    networks = _once(panels)
    numbers = {network: str(n) for n, network in enumerate(networks, 1)}
    down, across = _grid(len(panels) + 1)
    with style():
        size = (10, 0.6 + HIGH * down + LINE * -(-len(networks) // COLUMNS))
        figure = Figure(figsize=size, layout="constrained")
        axes = list(figure.subplots(down, across, sharey=True, squeeze=False).flat)
        *by_time, by_madds = axes[: len(panels) + 1]
        _by_time(by_time, panels, numbers, TICKS[across])
        _by_madds(by_madds, list(networks.values()), numbers, TICKS[across])
        for empty in axes[len(panels) + 1 :]:
            empty.set_axis_off()
        for left in axes[::across]:
            left.set_ylabel(heading(rated), **LITERAL)
        _key(figure, [f"{numbers[n]}  {found.networks[n]}" for n in networks])
        figure.suptitle(_caption(found, panels), x=0.01, ha="left", fontsize=8, **LITERAL)
        figure.draw_without_rendering()  # now the layout is known, which numbers need
        for one, known in zip(by_time, panels.values(), strict=True):
            at = [(median_of(r), accuracy.top1) for r, accuracy in known]
            number_points(one, [numbers[network_of(r)] for r, _ in known], at)
        at = [(madds_of(r), accuracy.top1) for r, accuracy in networks.values()]
        number_points(by_madds, list(numbers.values()), at)
    return figure


def _panels(found: EngineSet, rated: Accuracies) -> Iterator[tuple[str, list[Known]]]:
    """What may be compared of each engine, as it stands in the run of most."""
    for engine in found.engines:
        placed = (found.placed(network, engine) for network in found.networks)
        yield engine, known_of([record for record in placed if record], rated)


def _once(panels: Mapping[str, Sequence[Known]]) -> dict[Case, Known]:
    """Each network, fastest first by the first engine that has it."""
    networks: dict[Case, Known] = {}
    for known in panels.values():
        for record, accuracy in known:
            networks.setdefault(network_of(record), (record, accuracy))
    return networks


def _grid(panels: int) -> tuple[int, int]:
    """Rows and columns: two or three beside each other."""
    across = 2 if panels in (2, 4) else 3
    return -(-panels // across), across


def _by_time(
    axes: Sequence[Axes],
    panels: Mapping[str, Sequence[Known]],
    numbers: Mapping[Case, str],
    most: int,
) -> None:
    times = [median_of(record) for known in panels.values() for record, _ in known]
    every = ends_of([one for known in panels.values() for one in known])
    for one, (engine, known) in zip(axes, panels.items(), strict=True):
        xs, top1 = [median_of(r) for r, _ in known], [accuracy.top1 for _, accuracy in known]
        ours, theirs = front(xs, top1), front([madds_of(r) for r, _ in known], top1)
        limits(one, times, every)
        panel(one, xs, known, ours, ours ^ theirs, [numbers[network_of(r)] for r, _ in known])
        intervals(one, known)
        heights(one, xs, known)
        scale(one, units.seconds, "median time of one call", most)
        one.set_title(shorten(units.visible(engine), LABEL))


def _by_madds(axes: Axes, known: Sequence[Known], numbers: Mapping[Case, str], most: int) -> None:
    xs, top1 = [madds_of(r) for r, _ in known], [accuracy.top1 for _, accuracy in known]
    limits(axes, xs, ends_of(known))
    panel(axes, xs, known, front(xs, top1), set(), list(numbers.values()))
    heights(axes, xs, known)
    scale(axes, lambda tick: units.count(tick, 1), "MAdds", most)
    axes.set_title("Accuracy against multiply-adds")


def _key(figure: Figure, said: Sequence[str]) -> None:
    """Which number is which network; its mark differs from panel to panel."""
    from matplotlib.lines import Line2D

    figure.legend(
        [Line2D([], [], linestyle="none") for _ in said], [shorten(units.visible(one), LABEL) for one in said],
        loc="outside lower left", ncols=COLUMNS, frameon=False, fontsize=7.5, handlelength=0, handletextpad=0,
        labelspacing=0.25, borderpad=0.2,
    )  # fmt: skip


def _caption(found: EngineSet, panels: Mapping[str, Sequence[Known]]) -> str:
    remarks = "black: on the front of this engine; diamond: on one of two fronts only, by its time and by MAdds"
    shown, cases = sum(map(len, panels.values())), len(found.records)
    if missing := cases - shown:
        remarks += (
            f"\n{missing} of {cases} cases have no known accuracy, or no time to compare: not shown"
        )
    told = told_of([one for known in panels.values() for one in known])
    return "\n".join([title(found.conditions.split(", ")), *told, remarks])
