"""Sweeps of one axis: time against channels, groups, resolution, batch, ..."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lightbench import registry
from lightbench.records import Record
from lightbench.studies.card.stored import card_runs
from lightbench.studies.subject import Subject
from lightbench.studies.sweep.relative import relatives, sweeps
from lightbench.studies.sweep.table import sweep_view
from lightbench.views.section import Drawing, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "Time relative to the reference's, with its interval, beside memory access."


def section(subject: Subject) -> Section | None:
    """All sweeps that belong to no guideline, no device card and no part of their own name."""
    groups = [group for group in sweeps(_others(subject)) if relatives(group)]
    if not groups:
        return None
    names = [group[0].sweep.experiment if group[0].sweep else "" for group in groups]
    drawings = tuple(
        Drawing(f"sweep-{i}", f"{name}: {CAPTION}", partial(_draw, group))
        for i, (name, group) in enumerate(zip(names, groups, strict=True), 1)
    )
    records = [record for group in groups for record in group]
    return Section("Sweeps", drawings=drawings, views=(sweep_view(records),))


def _others(subject: Subject) -> list[Record]:
    evidence = subject.evidence
    known = {*registry.names("guideline"), *registry.names("report part")}
    cards = card_runs(evidence)
    return [
        r
        for r in evidence.records
        if r.sweep and r.sweep.experiment not in known and r.sweep.run not in cards
    ]


def _draw(records: list[Record]) -> Figure:
    from lightbench.studies.sweep.figure import draw

    return draw(records)
