"""Accuracy against time and against multiply-adds, side by side: which networks swap places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightbench.records.facets import conditions
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "Top-1 accuracy against time and against multiply-adds, with the Pareto front of each"


def section(subject: Subject) -> Section | None:
    """Of the largest set of profiles that may be compared."""
    known = [r for r in subject.main if r.costs and r.costs.madds and subject.accuracy(r)]
    if len(known) < 2:
        return None

    def draw() -> Figure:
        from lightbench.reports.figures.pareto import draw as pareto

        return pareto(subject.main, subject.accuracies)

    words = f"{CAPTION}: {conditions(subject.main, subject.evidence.profiles)}."
    return Section("Accuracy for the time", drawings=(Drawing("pareto", words, draw),))
