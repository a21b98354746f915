"""How to reproduce it: commands, versions, and the ids of all records."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench.records import Record
from lightbench.reports.commands import STORE, commands
from lightbench.studies.subject import Subject
from lightbench.views.section import Section
from lightbench.views.table import Column, Table, View

VERSIONS = ("lightbench", "commit", "torch", "torch_build", "python")

IDS = (
    Column("id", "record", align="left"),
    Column("study", "study", align="left"),
    Column("model", "model", align="left", drop=1),
    Column("status", "status", align="left", drop=2),
    Column("time", "measured", align="left", drop=3),
)


def section(subject: Subject) -> Section | None:
    """The command that made this report, and those that measure its records again."""
    records = subject.evidence.records
    if not records:
        return None
    return Section(
        "How to reproduce",
        (
            f"How this was made; then how to measure the same cases again, one by one, into {STORE}.",
        ),
        commands=(*subject.commands, *commands(records)),
        views=(_versions(records), _ids(records)),
    )


def _versions(records: Sequence[Record]) -> View:
    columns = (Column("what", "what", align="left"), Column("version", "version", align="left"))
    found: dict[str, dict[str, None]] = {}
    for record in records:
        facts = {**record.environment.noted, **record.environment.comparable}
        for key in VERSIONS:
            if facts.get(key) is not None:
                found.setdefault(key, {})[str(facts[key])] = None
    rows = tuple((key, ", ".join(values)) for key, values in found.items())
    return View(Table("Versions", columns, rows), dict(rows))


def _ids(records: Sequence[Record]) -> View:
    """Every record that this report was made from."""
    rows = tuple((r.id, r.study, r.case.model, r.status, r.time) for r in records)
    note = "record: its id in this version's schema; a file of an older schema has another."
    table = Table(f"The {len(rows)} records", IDS, rows, (note,))
    data = [dict(zip((column.key for column in IDS), row, strict=True)) for row in rows]
    return View(table, data, folded=table)
