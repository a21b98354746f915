"""What lint advises, drawn: what changing each cause would bring, and what it brought where tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.bars import EDGE, bars
from lightbench.figures.hover import tip
from lightbench.figures.labels import fitted, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.lint.causes import Cause, causes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 15  # causes
NAME = 52  # letters of one
# What is best known of a cause -> colour and hatch of its bar.
LOOKS = {"tried": ("#2b6c99", ""), "measured": ("#9ecae1", ""), "estimate": ("white", "////")}


def draw(records: Sequence[Record]) -> Figure:
    """The causes of the first record of lint, at most 15, those that bring most first. Left: the time that a change
    saves, as the best that is known: in pairs with the network that was tried, measured place by place, or estimated.
    Right: the memory access that the cause adds. Raises UsageError where nothing was found."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    record = next((r for r in records if r.findings), None)
    if record is None:
        raise UsageError("lint has found nothing: there is nothing to draw.")
    found = causes(record.findings or (), record.tried)
    rows = [cause for cause in found if cause.saves_s is not None or cause.mem_bytes][:MOST]
    timed = any(cause.saves_s is not None for cause in rows)
    with style():
        figure = Figure(figsize=(11, 1.6 + 0.3 * max(len(rows), 3)), layout="constrained")
        panels = figure.subplots(1, 2 if timed else 1, sharey=True, squeeze=False)[0]
        if timed:
            looks = [LOOKS[known(cause)] for cause in rows]
            saved = [cause.saves_s for cause in rows]
            _panel(panels[0], rows, saved, units.seconds, "Time saved by the change", looks)
        moved = [cause.mem_bytes for cause in rows]
        _panel(panels[-1], rows, moved, units.size, "Memory access that the cause adds")
        names = [fitted(f"{c.kind}: {c.change} ({len(c.findings)})", NAME) for c in rows]
        panels[0].set_yticks(range(len(rows)), names, fontsize=8, **LITERAL)
        words = title([f"Lint of {record.case.model}", *shared([record])])
        figure.suptitle(words, x=0.01, ha="left", fontsize=10, **LITERAL)
        used = dict.fromkeys(map(known, rows)) if timed else {}
        handles = [
            Patch(facecolor=LOOKS[k][0], hatch=LOOKS[k][1], edgecolor=EDGE)
            for k in LOOKS
            if k in used
        ]
        figure.legend(
            handles, [k for k in LOOKS if k in used], loc="outside lower left", ncols=3, frameon=False,
            fontsize=8,
        )  # fmt: skip
        left = f"; {len(found) - len(rows)} more causes" if len(rows) < len(found) else ""
        figure.supxlabel(f"in brackets: places{left}", x=0.99, ha="right", fontsize=8)
    return figure


def known(cause: Cause) -> str:
    """How the time is known that a change saves: "tried", "measured", or "estimate"."""
    if cause.tried is not None and cause.tried.saved_s is not None:
        return "tried"
    return "measured" if cause.measured_s is not None else "estimate"


def _panel(
    axes: Axes,
    rows: Sequence[Cause],
    values: Sequence[float | None],
    text: Callable[[float], str],
    heading: str,
    looks: Sequence[tuple[str, str]] | None = None,
) -> None:
    found = bars(axes, values, text, heading=heading, looks=looks, log=False)
    for bar, cause, value in zip(found, rows, values, strict=True):
        if bar is not None and value is not None:
            tip(bar, f"{cause.kind}: {cause.change}; {heading} {text(value)}", cause.kind)
