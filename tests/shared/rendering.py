"""A view as the text of one format."""

from __future__ import annotations

from lightbench import registry


def render(name, view, **settings):
    return registry.load("format", name).render(view, **settings)
