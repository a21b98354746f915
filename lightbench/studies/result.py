"""What answers from Python have in common: they show themselves, become DataFrames, and hold records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.records import Record, store
from lightbench.views.table import View

Source = Any  # a path, a Record, a result of measuring, or several of these


class Shown:
    """An object that shows itself as its table, in a terminal and in a notebook."""

    view: View

    def _render(self, name: str) -> str:
        text: str = registry.load("format", name).render(self.view)
        return text

    def __repr__(self) -> str:
        return self._render("table").rstrip("\n")

    def _repr_html_(self) -> str:
        return self._render("html")

    def _repr_markdown_(self) -> str:
        return self._render("markdown")

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame: raw values, columns named with their units."""
        return self.view.to_pandas()


def records_of(source: Source) -> Iterator[Record]:
    """The records of a file, a result, or several of them. Raises UsageError for what has none."""
    if isinstance(source, (str, Path)):
        yield from store.read(source)
    elif isinstance(source, Record):
        yield source
    elif hasattr(source, "records"):
        yield from source.records
    elif hasattr(source, "record"):
        yield source.record
    elif isinstance(source, Iterable):
        for one in source:
            yield from records_of(one)
    else:
        raise UsageError(
            f"{type(source).__name__} holds no records.",
            "Give files, records, or results such as those of lightbench.profile.",
        )
