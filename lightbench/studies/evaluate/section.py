"""How accurate each network is that was evaluated, and what it takes for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lightbench.records import Record
from lightbench.studies.evaluate.table import classes_view, evaluations_view
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSES = 100  # of more no table of classes is in a report


def section(subject: Subject) -> Section | None:
    """All evaluations as a table; and of each network and data set the latest, class by class and drawn."""
    found = subject.evidence.evaluations
    if not found:
        return None
    latest: dict[object, Record] = {}
    for record in found:
        assert record.evaluation is not None
        key = record.case.model, record.evaluation.tested_on
        if key not in latest or record.time >= latest[key].time:
            latest[key] = record
    inner = tuple(_network(record, i) for i, record in enumerate(latest.values(), 1))
    return Section("Accuracy, measured", views=(evaluations_view(found),), inner=inner)


def _network(record: Record, i: int) -> Section:
    found = record.evaluation
    assert found is not None
    few = len(found.classes) <= CLASSES
    words = (record.case.model, found.data, found.weights or "weights as built")
    caption = "What is taken for what, and how far confidence can be trusted: "
    return Section(
        f"{record.case.model} on {found.data}",
        drawings=(
            Drawing(f"evaluate-{i}", f"{caption}{', '.join(words)}.", partial(_draw, [record])),
        ),
        views=(_titled(classes_view([record])),) if few else (),
        model=record.case.model,
    )


def _titled(view: View) -> View:
    """Under a short title, since the section names the network and the data."""
    return replace(view, table=replace(view.table, title="Class by class"))


def _draw(records: Sequence[Record]) -> Figure:
    from lightbench.studies.evaluate.figure import draw

    return draw(records)
