"""What a command hands to an exporter: a table for people, and plain data for programs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lightbench.units import DASH

LEVELS = ("error", "warning", "notice", "")  # how grave a row is; "": nothing to point out


def own_words(value: str) -> str:
    """As a column's ``text``: its values are our own words and numbers, which need no quotes anywhere."""
    return value


@dataclass(frozen=True, slots=True)
class Column:
    """How one kind of value is headed and printed."""

    key: str  # for programs, with the unit: "latency_s"
    heading: str  # for people: "latency (ms)"
    text: Callable[[Any], str] = str  # value -> text for people; never sees None
    align: Literal["left", "right"] = "right"
    drop: int = 0  # 0 is always printed; on a narrow terminal the highest number goes first
    shown: bool = True  # False: for programs only
    sparse: bool = False  # True: left out where no row has a value

    def cell(self, value: Any) -> str:
        """The text of one value for people: a dash if it is unknown."""
        return DASH if value is None else self.text(value)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values under their columns; notes explain what a heading cannot.

    Titles, notes and values may hold text of any origin: each exporter makes it inert. Under the key
    ``level`` is one of LEVELS.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({column.key for column in self.columns}) != len(self.columns):
            raise ValueError("two columns have the same key")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} values for {len(self.columns)} columns")
            if any(isinstance(value, float) and not math.isfinite(value) for value in row):
                raise ValueError(f"a number is not finite in {row}; unknown is None")
            if self.level(row) not in LEVELS:
                raise ValueError(f"a level is none of {LEVELS} in {row}")

    def named(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """The values of a row by the keys of their columns."""
        return {column.key: value for column, value in zip(self.columns, row, strict=True)}

    def level(self, row: tuple[Any, ...]) -> Any:
        """How grave a row is; where no column says so, every row is a notice."""
        return self.named(row).get("level", "notice")

    def said(self, row: tuple[Any, ...]) -> str:
        """A row in words, where there is no table: ``model: net, time (ms): 4.31``. What is unknown,
        empty or for programs only is not said, but for a ``note``, which stands below a table."""
        words = [
            (column.heading, column.text(value))
            for column, value in zip(self.columns, row, strict=True)
            if (column.shown or column.key == "note") and value is not None
        ]
        return ", ".join(f"{name}: {text}" if name else text for name, text in words if text)

    def for_people(self) -> Table:
        """The same table without columns that are for programs only or say nothing in any row."""
        keep = [i for i, column in enumerate(self.columns) if self._speaks(i, column)]
        return Table(
            title=self.title,
            columns=tuple(self.columns[i] for i in keep),
            rows=tuple(tuple(row[i] for i in keep) for row in self.rows),
            notes=self.notes,
        )

    def _speaks(self, i: int, column: Column) -> bool:
        said = not self.rows or any(column.cell(row[i]) for row in self.rows)
        unknown = column.sparse and all(row[i] is None for row in self.rows)
        return column.shown and said and not unknown


@dataclass(frozen=True, slots=True)
class View:
    """One answer twice: ``table`` for people and CSV, ``data`` (builtins) for JSON. ``above`` are
    tables that people read first. With ``folded`` they see it, folded away where the format can, instead
    of ``table``, which has all rows and which programs still get."""

    table: Table
    data: Any
    above: tuple[Table, ...] = ()
    folded: Table | None = None

    @property
    def tables(self) -> tuple[Table, ...]:
        """What people are shown, in that order."""
        return (*self.above, self.folded or self.table)

    def to_pandas(self) -> Any:
        """All rows as a pandas DataFrame: raw values, columns named with their units."""
        import pandas as pd  # 0.6 s

        keys = [column.key for column in self.table.columns]
        return pd.DataFrame(list(self.table.rows), columns=keys)
