"""What the device attains: the ceilings of the roofline, and where groups and ratios begin to hurt."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lightbench.card.view import card_view
from lightbench.reports._section import Drawing, Section
from lightbench.reports._subject import Subject
from lightbench.timing.card import DeviceCard

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ORDER = 60
CAPTION = "Attained speed of each kind of operator below the roofline; time by groups and by ratio."


def section(subject: Subject) -> Section | None:
    """One card for each setup."""
    cards = subject.evidence.cards
    if not cards:
        return None
    return Section(
        "Device card",
        drawings=tuple(
            Drawing(f"card-{i}" if i > 1 else "card", CAPTION, partial(_draw, card))
            for i, card in enumerate(cards, 1)
        ),
        views=tuple(map(card_view, cards)),
    )


def _draw(card: DeviceCard) -> Figure:
    from lightbench.plots.device_card import draw

    return draw(card.records)
