"""Bars of one kind of number, a row for each, with the number at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lightbench.units import DASH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

APART = 10  # so many times the next largest: the others would be slivers
ROOM = 1.45  # for the number behind the longest bar, of its length
FILL, EDGE = "#9ecae1", "#2b6c99"


def apart(values: Sequence[float | None]) -> bool:
    """Is one ten times the rest, or does it differ as much from the smallest of several?"""
    known = sorted(value for value in values if value)
    return len(known) > 1 and known[-1] > APART * known[0]


def bars(
    axes: Axes,
    values: Sequence[float | None],
    text: Callable[[float], str],
    *,
    heading: str,
    beside: Sequence[str] | None = None,
    log: bool | None = None,
    looks: Sequence[tuple[str, str]] | None = None,
) -> list[Artist | None]:
    """A bar for each value from the top, on a logarithmic axis where one is ten times another (unless ``log``
    says), which the ``heading`` then tells; what is unknown is a dash. ``beside`` are words behind each number, ``looks``
    a colour and a hatch for each bar. Gives the bars."""
    known = [value for value in values if value is not None]
    log = apart(values) if log is None else log
    start = min((value for value in known if value), default=1.0) / 3 if log else 0.0
    drawn: list[Artist | None] = []
    for row, value in enumerate(values):
        more = f"  {beside[row]}" if beside and beside[row] else ""
        words = DASH if value is None else f"{text(value)}{more}"
        end = start if value is None else max(value, start)
        if value is None:
            drawn.append(None)
        else:
            colour, hatch = looks[row] if looks else (FILL, "")
            (bar,) = axes.barh(
                row, end - start, left=start, height=0.66, color=colour, hatch=hatch, edgecolor=EDGE
            )
            drawn.append(bar)
        axes.annotate(
            words, (end, row), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    most = max(known, default=0.0) or 1.0
    if log:
        axes.set_xscale("log")
        axes.set_xlim(start, most * (most / start) ** (ROOM - 1) * 1.5)
    else:
        axes.set_xlim(0, most * ROOM)
    axes.set_title(f"{heading}, logarithmic" if log else heading)
    axes.set_xticks([])
    axes.tick_params(which="both", left=False, bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_ylim(len(values) - 0.4, -0.6)
    return drawn
