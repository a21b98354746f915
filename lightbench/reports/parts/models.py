"""Each network by itself: layers by time and by memory access, kinds of operators, lint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lightbench import units
from lightbench.records import Costs, Record
from lightbench.records.collection import asked
from lightbench.records.facets import names
from lightbench.reports.modules import modules
from lightbench.studies.count.layers_table import layers_view
from lightbench.studies.layers.engine_table import stored_engine_view
from lightbench.studies.layers.table import stored_kinds_view, stored_layers_view
from lightbench.studies.lint.table import findings_view
from lightbench.studies.subject import Subject
from lightbench.views.section import Section
from lightbench.views.sentence import Sentence
from lightbench.views.table import View

TOP = 8  # rows of each table: what matters stands at the top


def section(subject: Subject) -> Section | None:
    """One section a case: profiles in the order of the comparison, then those that only other studies
    have; cases without costs have none."""
    evidence, cases = subject.evidence, dict[object, Record]()
    for record in (*evidence.profiles, *evidence.layers, *evidence.kernels, *evidence.lints):
        if record.costs:
            cases.setdefault(asked(record), record)
    records = list(cases.values())
    if not records:
        return None
    inner = tuple(
        Section(
            name,
            tuple(_sentences(record)),
            views=tuple(_views(subject, record)),
            model=record.case.model,
            live=modules(name, record, _alike(evidence.layers, record)),
        )
        for name, record in zip(names(records), records, strict=True)
    )
    return Section("Network by network", inner=inner, live={"kind": "pair"})


def _sentences(record: Record) -> Iterator[Sentence]:
    costs = record.costs
    assert costs is not None
    yield Sentence(
        f"{_parameters(costs)}, {units.count(costs.madds)} MAdds,"
        f" {units.size(costs.mem_bytes)} of memory access in {units.exact(len(costs.ops))} operators"
        + (f"; {units.seconds(record.latency.median_s)} a call." if record.latency else ".")
    )


def _parameters(costs: Costs) -> str:
    if costs.stored_params is None:
        return f"{units.count(costs.params)} parameters"
    return f"{units.count(costs.stored_params)} stored parameters"


def _views(subject: Subject, record: Record) -> Iterator[View]:
    evidence, said = subject.evidence, set[str]()
    timed = _alike(evidence.layers, record)
    if timed is not None:
        yield _titled(stored_kinds_view(timed), "Time by kind of operator", said)
        slowest = stored_layers_view(timed, sort="time", top=TOP)
        yield _titled(slowest, "Layers that take the most time", said)
    told = _alike(evidence.kernels, record)
    if told is not None:
        slowest = stored_engine_view(told, sort="time", top=TOP)
        yield _titled(slowest, f"Layers that take the most time on {record.case.engine}", said)
    costs = record.costs
    assert costs is not None
    dearest = sorted(costs.ops, key=lambda op: -op.mem_bytes)[:TOP]
    title = "Layers with the most memory access"
    yield _titled(layers_view(costs, dearest, title), title, said)
    linted = _alike(evidence.lints, record)
    if linted is not None:
        yield _titled(findings_view(linted, TOP), "Findings of lint", said)


def _titled(view: View, title: str, said: set[str]) -> View:
    """The view under a short title, since the section names the case; without what stands under an earlier
    table of the section."""
    table = view.above[0] if view.above else view.table  # what is read first
    notes, sentences, more = (
        tuple(text for text in texts if text not in said)
        for texts in (table.notes, table.sentences, table.more)
    )
    said.update(notes, sentences, more)
    told = replace(table, title=title, notes=notes, sentences=sentences, more=more)
    if view.above:
        return replace(view, above=(told, *view.above[1:]))
    return replace(view, table=told)


def _alike(records: tuple[Record, ...], record: Record) -> Record | None:
    """The record of another study of the same network and case on the same machine."""
    return next(
        (r for r in records if asked(r) == asked(record) and r.identity == record.identity), None
    )
