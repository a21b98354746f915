"""Accuracy against time and against multiply-adds, side by side: which networks swap places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightbench.records.facets import conditions
from lightbench.reports.accuracy import left_out
from lightbench.reports.engines import main_set
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "Top-1 accuracy against time and against multiply-adds, with the Pareto front of each"
ENGINES = (
    "Top-1 accuracy against time by engine and against multiply-adds, with a Pareto front for each"
)


def section(subject: Subject) -> Section | None:
    """Of the largest set of profiles that may be compared; of several engines a front for each."""
    known = [r for r in subject.main if r.costs and r.costs.madds and subject.accuracy(r)]
    if len(known) < 2:
        return None
    engines = main_set(subject)

    def draw() -> Figure:
        from lightbench.reports.figures.fronts import draw as fronts
        from lightbench.reports.figures.pareto import draw as pareto

        if engines:
            return fronts(engines.sources, subject.rated)
        return pareto(subject.main, subject.rated)

    where = engines.conditions if engines else conditions(subject.main, subject.evidence.profiles)
    words = f"{ENGINES if engines else CAPTION}: {subject.rated.data}; {where}."
    said = tuple(left_out(subject.rated))
    return Section("Accuracy for the time", said, drawings=(Drawing("pareto", words, draw),))
