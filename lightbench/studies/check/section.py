"""Checks: what is slower or larger than it was, and what is over a budget."""

from __future__ import annotations

from lightbench.studies.check.table import check_view
from lightbench.studies.compare.rows import Row, rows_of
from lightbench.studies.subject import Subject
from lightbench.views.section import Section
from lightbench.views.sentence import Name, Sentence


def section(subject: Subject) -> Section | None:
    """The latest check of each case, those that were held against the same thing in one table."""
    found: dict[str, list[Row]] = {}
    for record in subject.evidence.checks:
        if record.check is not None:
            found.setdefault(record.check.against, []).extend(rows_of(record))
    found = {against: rows for against, rows in found.items() if rows}
    if not found:
        return None
    words = tuple(Sentence("Held against ", Name(against), ".") for against in found)
    return Section("Checks", words, views=tuple(map(check_view, found.values())))
