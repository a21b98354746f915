"""Reports that are made to be read: their sections by title, and the columns of their tables."""

from __future__ import annotations

from lightbench.reports import report


def sections(records, **asked):
    """By title."""
    return {s.title: s for s in report(records, **asked).document.sections}


def cells(view, key):
    """Of one column, from top to bottom."""
    at = [column.key for column in view.table.columns].index(key)
    return [row[at] for row in view.table.rows]
