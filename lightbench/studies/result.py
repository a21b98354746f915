"""What answers from Python have in common: they show themselves, become DataFrames, and hold records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightbench import files, registry
from lightbench.errors import UsageError
from lightbench.figures import save as figures
from lightbench.formats import format_of
from lightbench.records import Record, store
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECORDS = ".jsonl"

Source = Any  # a path, a Record, a result of measuring, or several of these


class Shown:
    """An object that shows itself as its table, in a terminal and in a notebook."""

    view: View
    drawn_as = ""  # the figure of the registry that its records are drawn as

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

    def plot(self) -> Figure:
        """It drawn, as a figure of matplotlib. Raises UsageError where there is nothing to draw."""
        if not self.drawn_as:
            raise UsageError(
                f"{type(self).__name__} has no figure.", "Its table: .save('table.csv')."
            )
        figure: Figure = registry.load("figure", self.drawn_as).draw(list(records_of(self)))
        return figure

    def save(self, path: str | Path) -> None:
        """Write it as the suffix says: .svg, .png or .pdf is the figure; .csv, .md, .tex and other formats are the table;
        .jsonl are the records, which are added to those that the file holds already. Raises UsageError, StoreError.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix in figures.METADATA:
            figures.save(self.plot(), path)
        elif suffix == RECORDS and (hasattr(self, "records") or hasattr(self, "record")):
            held = {record.id for record in store.read(path)} if path.exists() else set()
            store.append(path, (record for record in records_of(self) if record.id not in held))
        else:
            form = registry.load("format", _format_of(path))
            files.write(path, form.render(self.view))


def _format_of(path: Path) -> str:
    """Raises UsageError that names what figures are written as, too."""
    try:
        return format_of(path)
    except UsageError as error:
        more = ", ".join(figures.METADATA)
        raise UsageError(error.message, f"{error.hint} Figures: {more}.") from error


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
