"""The guideline experiments: findings, the tables as in the paper, figures."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lightbench.records import Record
from lightbench.studies.guidelines.figures import by_figure
from lightbench.studies.guidelines.stored import guideline_records
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "speed relative to the reference, beside the paper's; memory access relative to it"


def section(subject: Subject) -> Section | None:
    """All guidelines that were measured, in all their settings."""
    records = guideline_records(subject.evidence)
    if not records:
        return None
    drawings = tuple(
        Drawing(name, f"{name}: {CAPTION}.", partial(_draw, group))
        for name, group in by_figure(records).items()
    )
    view = guidelines_view(records)
    if not view.table.rows:
        return None
    return Section("Guidelines", drawings=drawings, views=(replace(view, folded=view.table),))


def _draw(records: list[Record]) -> Figure:
    from lightbench.studies.guidelines.figure import draw

    return draw(records)
