"""One JSON document a line; of records, the same lines as in the store."""

from __future__ import annotations

from lightbench.formats.json import encode
from lightbench.views.table import View

SUFFIXES = (".jsonl", ".ndjson")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """A line for each item of the view's data; data that is no list is one line."""
    items = view.data if isinstance(view.data, list | tuple) else [view.data]
    return "".join(encode(item) + "\n" for item in items)
