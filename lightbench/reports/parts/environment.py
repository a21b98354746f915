"""Where and when it was measured: machine, device, versions, threads, load, warnings."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import FACETS, place
from lightbench.studies.subject import Subject
from lightbench.units import DASH
from lightbench.views.remarks import warned_of
from lightbench.views.section import Section
from lightbench.views.sentence import Sentence
from lightbench.views.table import Column, Table, View

# Worth knowing, but no hindrance to a comparison: what they were over all records.
NOTED = ("governor", "turbo", "power", "kernel", "commit", "lightbench")


def section(subject: Subject) -> Section | None:
    """Each machine and software once, as a column: what must be equal before times may be compared."""
    records = subject.evidence.records
    groups: dict[object, list[Record]] = {}
    for record in [r for r in records if r.samples] or records:
        groups.setdefault(tuple(place(record).items()), []).append(record)
    if not groups:
        return None
    found = [_facts(records) for records in groups.values()]
    return Section("Environment", tuple(_said(found)), views=(_view(subject, found),))


def _said(found: Sequence[dict[str, str]]) -> list[Sentence]:
    """In which facts environments differ, so that times of one stand apart from those of others."""
    if len(found) == 1:
        return []
    apart = ("records", "measured", "load_1min", *NOTED)
    keys = dict.fromkeys(key for facts in found for key in facts if key not in apart)
    unlike = [key for key in keys if len({facts.get(key) for facts in found}) > 1]
    return [
        Sentence(
            f"The records are of {len(found)} environments, which differ in",
            f" {', '.join(unlike)}: times are only compared within one of them.",
        )
    ]


def _view(subject: Subject, found: Sequence[dict[str, str]]) -> View:
    keys = dict.fromkeys(key for facts in found for key in facts)
    headings = ["value"] if len(found) == 1 else [f"environment {i + 1}" for i in range(len(found))]
    columns = (
        Column("fact", "fact", align="left"),
        *(Column(heading, heading, align="left") for heading in headings),
    )
    rows = tuple((key, *(facts.get(key) for facts in found)) for key in keys)
    notes = warned_of(subject.evidence.records)
    return View(Table("Machine and software", columns, rows, notes), list(found))


def _facts(records: Sequence[Record]) -> dict[str, str]:
    """What all records share, and over what range the rest was."""
    facts = place(records[0])
    for facet in (facet for facet in FACETS if facet.key in ("device", "threads")):
        facts[facet.key] = ", ".join(dict.fromkeys(str(facet.value(r) or DASH) for r in records))
    times = sorted(record.time for record in records)
    facts["records"] = units.exact(len(records))
    facts["measured"] = times[0] if times[0] == times[-1] else f"{times[0]} to {times[-1]}"
    noted = [record.environment.noted for record in records]
    loads = [load for facts in noted if isinstance(load := facts.get("load_1min"), (int, float))]
    if loads:
        least, most = units.number(min(loads)), units.number(max(loads))
        facts["load_1min"] = least if least == most else f"{least} to {most}"
    for key in NOTED:
        values = dict.fromkeys(str(of[key]) for of in noted if of.get(key) is not None)
        if values:
            facts[key] = ", ".join(values)
    return facts
