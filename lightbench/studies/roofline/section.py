"""What the device can do at best, and how much of that each network attains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lightbench.records.collection import Evidence
from lightbench.studies.roofline.among import ceilings_for, placed_among, rooflines
from lightbench.studies.roofline.ceilings import Ceilings
from lightbench.studies.roofline.placed import Found
from lightbench.studies.roofline.table import roofline_view
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = (
    "What each network attains, below the ceilings that were measured. Both axes are logarithmic"
)


def section(subject: Subject) -> Section | None:
    """The ceilings of each setup, and below them its networks whose times may be held against them."""
    found = [_below(each, subject.evidence) for each in rooflines(subject.evidence)]
    if not found:
        return None
    return Section(
        "Roofline",
        drawings=tuple(
            Drawing(
                f"roofline-{i}" if i > 1 else "roofline",
                f"{CAPTION}: {', '.join(each.ceilings.words)}.",
                partial(_draw, each),
            )
            for i, each in enumerate(found, 1)
        ),
        views=tuple(map(roofline_view, found)),
    )


def _below(ceilings: Ceilings, evidence: Evidence) -> Found:
    own = [r for r in evidence.profiles if r.believed and ceilings_for(evidence, r) is ceilings]
    placed = [row for record in own if (row := placed_among(evidence, record))]
    return Found(ceilings, tuple(row for row in placed if row.drift is not None), ())


def _draw(found: Found) -> Figure:
    from lightbench.studies.roofline.figure import drawn

    return drawn(found)
