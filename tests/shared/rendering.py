"""A view as the text of one format, and what is said of a table."""

from __future__ import annotations

from dataclasses import replace

from lightbench import registry


def render(name, view, **settings):
    return registry.load("format", name).render(view, **settings)


def told(table):
    """All that is said of a table to who asks: sentences, notes, what columns are about, explanations."""
    return (*table.sentences, *replace(table.for_people(), brief=False).legend())
