"""What the device attains: the ceilings of the roofline, and where groups and ratios begin to hurt."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lightbench.records.facets import conditions
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.card.stored import cards
from lightbench.studies.card.table import card_view
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "Attained speed of each kind of operator below the roofline; time by groups and by ratio."


def section(subject: Subject) -> Section | None:
    """One card for each setup."""
    found = cards(subject.evidence)
    if not found:
        return None
    records = [card.record for card in found]
    places = [f" {conditions([r], records)}." if len(found) > 1 else "" for r in records]
    return Section(
        "Device card",
        drawings=tuple(
            Drawing(f"card-{i}" if i > 1 else "card", f"{CAPTION}{where}", partial(_draw, card))
            for i, (card, where) in enumerate(zip(found, places, strict=True), 1)
        ),
        views=tuple(map(_view, found, places)),
    )


def _view(card: DeviceCard, where: str) -> View:
    view = card_view(card)
    title = f"Device card:{where}".rstrip(".") if where else view.table.title
    return replace(view, table=replace(view.table, title=title))


def _draw(card: DeviceCard) -> Figure:
    from lightbench.studies.card.figure import draw

    return draw(card.records)
