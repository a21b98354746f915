"""Texts on the points and bars of a figure, which an SVG shows when they are hovered or focused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.dom import minidom

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist

MARK = "tip "  # matplotlib's own ids hold no space


def tip(artist: Artist, text: str, model: str) -> None:
    """Say ``text`` where ``artist`` is hovered, and whose it is; both may be of any origin.

    The id of the artist carries both until the figure is written; a PNG has no ids.
    """
    artist.set_gid(MARK + json.dumps([visible(text), visible(model)]))


def tip_of(artist: Artist, record: Record, *facts: str) -> None:
    """The tip of a profile: its model, its time with the interval, other facts, and which case it is."""
    words = [record.case.model]
    if record.latency is not None:
        time = record.latency
        words.append(
            f"{units.seconds(time.median_s)}{between(time.low_s, time.high_s, units.seconds)}"
        )
    tip(artist, "; ".join((*words, *facts, ", ".join(shared([record])))), record.case.model)


def between(low: float | None, high: float | None, text: Callable[[float], str]) -> str:
    return "" if low is None or high is None else f" ({text(low)} to {text(high)})"


def hang(svg: minidom.Document) -> None:
    """Turn the ids that carry tips into ``<title>``, ``data-model`` (which is `units.visible` of the
    model), ``class="tip"``, and what makes a keyboard and a screen reader find them."""
    for group in svg.getElementsByTagName("g"):
        marked = group.getAttribute("id")
        if marked.startswith(MARK):
            text, model = json.loads(marked.removeprefix(MARK))
            group.removeAttribute("id")
            for name, value in (
                ("class", "tip"),
                ("data-model", model),
                ("role", "img"),
                ("tabindex", "0"),
            ):
                group.setAttribute(name, value)
            title = svg.createElement("title")
            title.appendChild(svg.createTextNode(text))
            group.insertBefore(title, group.firstChild)
