"""Who is on the Pareto front of accuracy and time, and who would be by multiply-adds alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import between, tip_of
from lightbench.figures.labels import NAME, labels, shorten
from lightbench.figures.numbers import DOT, number_points
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.models.accuracies import Accuracies, accuracies
from lightbench.models.accuracy import Accuracy
from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.stats.pareto import front
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3  # of the key
LINE = 0.155  # inches, of the key
BOTH, ONE = "o", "D"
Known = tuple[Record, Accuracy]
Own = Mapping[str, Accuracy] | Accuracies | None


def draw(records: Sequence[Record], own: Own = None) -> Figure:
    """Top-1 accuracy against the median time, each with its 95 % interval where it has one, and against MAdds. Steps
    and black: the front. Diamonds are on one of the two fronts and not on the other.

    Of several sets of cases that may be compared, the one with the most accuracies, all on one data set: the reader's
    ``own``, measured or published ones (see `Accuracies`). Numbers are explained below. Raises UsageError if no case has
    an accuracy, MAdds and a time.
    """
    from matplotlib.figure import Figure

    groups, rated = Evidence(tuple(records)).groups, rated_by(records, own)
    group = max(groups, key=lambda g: len(known_of(g, rated)), default=())
    known = known_of(group, rated)
    if not known:
        raise UsageError("no case has a known accuracy and a time: there is nothing to draw.")
    cases = [record for record, _ in known]
    top1 = [accuracy.top1 for _, accuracy in known]
    times, madds = [median_of(r) for r in cases], [madds_of(r) for r in cases]
    fronts = front(times, top1), front(madds, top1)
    # as in the figure of times, where cases of unknown accuracy have theirs
    places = {id(r): str(n) for n, r in enumerate(sorted(group, key=median_of), 1)}
    numbers = [places[id(record)] for record in cases]
    below = -(-len(known) // COLUMNS)
    with style():
        figure = Figure(figsize=(10, 4.6 + LINE * below), layout="constrained")
        by_time, by_madds = figure.subplots(1, 2, sharey=True)
        for axes, xs, ours, theirs in (
            (by_time, times, fronts[0], fronts[1]),
            (by_madds, madds, fronts[1], fronts[0]),
        ):
            limits(axes, xs, ends_of(known))
            panel(axes, xs, known, ours, ours ^ theirs, numbers)
            heights(axes, xs, known)
        intervals(by_time, known)
        scale(by_time, units.seconds, "median time of one call")
        scale(by_madds, lambda tick: units.count(tick, 1), "MAdds")
        by_time.set(title="Accuracy against time")
        by_time.set_ylabel(heading(rated), **LITERAL)
        by_madds.set_title("Accuracy against multiply-adds")
        names, shared = labels(cases)
        _key(figure, by_time, names)
        words = _caption(group, known, shared, rated)
        figure.suptitle(words, x=0.01, ha="left", fontsize=8, **LITERAL)
        figure.draw_without_rendering()  # now the layout is known, which numbers need
        for axes, xs in ((by_time, times), (by_madds, madds)):
            number_points(axes, numbers, list(zip(xs, top1, strict=True)))
    return figure


def rated_by(records: Sequence[Record], own: Own) -> Accuracies:
    """The accuracies of records, unless they are handed over."""
    return own if isinstance(own, Accuracies) else accuracies(records, own)


def heading(rated: Accuracies) -> str:
    """Of the axis of accuracy: "ImageNet top-1 (%)"."""
    return f"{shorten(visible(rated.data), NAME)} top-1 (%)"


def known_of(group: Sequence[Record], rated: Accuracies) -> list[Known]:
    """The cases that can stand in both panels, fastest first."""
    pairs = [(r, rated.of(r)) for r in group if r.costs and r.costs.madds]
    known = [(record, accuracy) for record, accuracy in pairs if accuracy]
    return sorted(known, key=lambda pair: median_of(pair[0]))


def median_of(record: Record) -> float:
    """Seconds, of a record with a time."""
    assert record.latency is not None
    return record.latency.median_s


def madds_of(record: Record) -> float:
    """Multiply-adds, of a record that has them."""
    assert record.costs is not None
    return record.costs.madds


def ends_of(known: Sequence[Known]) -> list[float]:
    """How far up and down the accuracies reach, with their intervals."""
    found = ((a.top1, a.low, a.high) for _, a in known)
    return [value for values in found for value in values if value is not None]


def limits(axes: Axes, xs: Sequence[float], top1: Sequence[float]) -> None:
    """Room for all of them, across on a logarithmic axis."""
    axes.set_xscale("log")
    axes.set_xlim(min(xs) / 1.4, max(xs) * 1.4)
    room = 0.08 * (max(top1) - min(top1)) or 1
    axes.set_ylim(min(top1) - room, max(top1) + room)


def panel(
    axes: Axes,
    xs: Sequence[float],
    known: Sequence[Known],
    on: set[int],
    swaps: set[int],
    numbers: Sequence[str],
) -> None:
    """The front as steps, within the limits, and a dot for each case: black ``on`` it, a diamond if it
    ``swaps``."""
    top1 = [accuracy.top1 for _, accuracy in known]
    steps = sorted((xs[i], top1[i]) for i in on)
    across = [steps[0][0], *(x for x, _ in steps), axes.get_xlim()[1]]
    up = [axes.get_ylim()[0], *(y for _, y in steps), steps[-1][1]]
    axes.plot(across, up, drawstyle="steps-post", color="0.45", linewidth=0.9, zorder=1)
    for i, ((record, accuracy), x) in enumerate(zip(known, xs, strict=True)):
        (dot,) = axes.plot(
            x,
            accuracy.top1,
            ONE if i in swaps else BOTH,
            markersize=2 * DOT,
            color="black" if i in on else "0.72",
            markeredgecolor="black" if i in on or i in swaps else "0.45",
            zorder=5 if i in on else 4,  # above the numbers
            label=numbers[i],
        )
        ends = between(accuracy.low, accuracy.high, units.number)
        facts = f"{accuracy.kind} top-1 {units.number(accuracy.top1)} %{ends} ({accuracy.source})"
        tip_of(dot, record, facts, f"{units.count(madds_of(record))} MAdds")


def intervals(axes: Axes, known: Sequence[Known]) -> None:
    """The 95 % interval of each time, through its dot."""
    for record, accuracy in known:
        time = record.latency
        if time is not None and time.low_s is not None and time.high_s is not None:
            ends, at = (time.low_s, time.high_s), (accuracy.top1, accuracy.top1)
            axes.plot(ends, at, "-", marker="|", markersize=5, color="0.3", linewidth=0.8, zorder=1)


def heights(axes: Axes, xs: Sequence[float], known: Sequence[Known]) -> None:
    """The 95 % interval of each accuracy that was measured, through its dot."""
    for x, (_, accuracy) in zip(xs, known, strict=True):
        if accuracy.low is not None and accuracy.high is not None:
            ends = (accuracy.low, accuracy.high)
            axes.plot(
                (x, x), ends, "-", marker="_", markersize=5, color="0.3", linewidth=0.8, zorder=1
            )


def scale(axes: Axes, text: Callable[[float], str], heading: str, most: int = 12) -> None:
    """Ticks at round numbers, at ``most`` so many of them, and what the axis is."""
    at = ticks(*axes.get_xlim())
    at = at[:: -(-len(at) // most)]
    axes.set_xticks(at, [text(tick) for tick in at])
    axes.tick_params(which="minor", bottom=False, labelbottom=False)
    axes.set_xlabel(heading)


def _key(figure: Figure, axes: Axes, names: Sequence[str]) -> None:
    """Which number is which case, each with its mark of the left panel."""
    handles, numbers = axes.get_legend_handles_labels()
    said = [f"{number}  {name}" for number, name in zip(numbers, names, strict=True)]
    figure.legend(
        handles, said, loc="outside lower left", ncols=COLUMNS, frameon=False, fontsize=7.5,
        handlelength=1, labelspacing=0.25, borderpad=0.2,
    )  # fmt: skip


def _caption(
    group: Sequence[Record], known: Sequence[Known], shared: str, rated: Accuracies
) -> str:
    remarks = "black: on the front; diamond: on one of the two fronts only"
    if missing := len(group) - len(known):
        on = f" on {shorten(visible(rated.data), NAME)}" if rated.left else ""
        remarks += f"; {missing} of {len(group)} cases have no known accuracy{on} and are not shown"
    return "\n".join([*wrap(shared, 130)[:2], *told_of(known), remarks])


def told_of(known: Sequence[Known]) -> list[str]:
    """How many images were measured, in a line of its own; nothing where all is published."""
    images = dict.fromkeys(a.images for _, a in known if a.images is not None)
    if not images:
        return []
    every = all(a.images is not None for _, a in known)
    said = " and ".join(units.exact(n) for n in images)
    return [f"accuracy: {'' if every else 'where it has an interval, '}measured on {said} images"]
