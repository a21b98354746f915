"""What a command hands to an exporter: a table for people, and plain data for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from lightbench.units import DASH, Scale

LEVELS = ("error", "warning", "notice", "")  # how grave a row is; "": nothing to point out


def own_words(value: str) -> str:
    """As a column's ``text``: its values are our own words and numbers, which need no quotes anywhere."""
    return value


@dataclass(frozen=True, slots=True)
class Column:
    """How one kind of value is headed and printed."""

    key: str  # for programs, with the unit: "latency_s"
    heading: str  # for people: "latency (ms)"; with a scale without the unit: "latency"
    text: Callable[[Any], str] = str  # value -> text for people; never sees None
    align: Literal["left", "right"] = "right"
    drop: int = 0  # 0 is always printed; on a narrow terminal the highest number goes first
    shown: bool = True  # False: for programs only
    sparse: bool = False  # True: left out where no row has a value
    common: bool = False  # True: said once above the table where several rows have the same value
    scale: Scale | None = None  # one unit for the numbers of all rows, instead of ``text``
    prose: bool = False  # True: words that go on in the next line where they are too long
    about: str = ""  # what the heading cannot say, for a note: "median time of one call."

    def cell(self, value: Any) -> str:
        """The text of one value for people: a dash if it is unknown."""
        return DASH if value is None else self.text(value)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values under their columns, and what is said of them.

    Titles, sentences, notes and values may hold text of any origin: each exporter makes it inert. Under
    the key ``level`` is one of LEVELS.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()  # of marks and of how to read it, what matters most first
    sentences: tuple[
        str, ...
    ] = ()  # part of the answer, as why a row has no result is: always shown
    more: tuple[str, ...] = ()  # explanations for who asks (--notes)
    subtitle: str = ""  # what all rows share
    brief: bool = True  # False: every note is asked for
    wide: bool = False  # True: every column is asked for, however wide that is

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
            for column, value in zip(self.scaled().columns, row, strict=True)
            if (column.shown or column.key == "note") and value is not None
        ]
        return ", ".join(f"{name}: {text}" if name else text for name, text in words if text)

    def scaled(self) -> Table:
        """The same table, with the unit of each scale chosen."""
        columns = (
            _scaled(column, [row[i] for row in self.rows]) for i, column in enumerate(self.columns)
        )
        return replace(self, columns=tuple(columns))

    def for_people(self) -> Table:
        """The same table in units, without columns that are for programs only or say nothing in any row;
        what all rows share stands in the subtitle."""
        table = self.scaled()
        shared = [i for i, column in enumerate(table.columns) if table.shares(i, column)]
        said = [
            f"{table.columns[i].heading} {table.columns[i].cell(self.rows[0][i])}" for i in shared
        ]
        keep = [
            i
            for i, column in enumerate(table.columns)
            if i not in shared and table.speaks(i, column)
        ]
        return replace(
            table,
            columns=tuple(table.columns[i] for i in keep),
            rows=tuple(tuple(row[i] for i in keep) for row in self.rows),
            subtitle=", ".join(filter(None, (self.subtitle, *said))),
        )

    def speaks(self, i: int, column: Column) -> bool:
        """Does column ``i`` say something in any row?"""
        said = not self.rows or any(column.cell(row[i]) for row in self.rows)
        unknown = column.sparse and all(row[i] is None for row in self.rows)
        return column.shown and said and not unknown

    def shares(self, i: int, column: Column) -> bool:
        """Do several rows have the same value there, which can be said once?"""
        values = {row[i] for row in self.rows} if column.common else set()
        return len(self.rows) > 1 and len(values) == 1 and self.speaks(i, column)

    def legend(self, columns: Sequence[Column] | None = None) -> tuple[str, ...]:
        """How to read ``columns``, all unless given: its notes, what each column is about, and if asked for
        the rest."""
        told = self.columns if columns is None else columns
        about = (f"{name_of(column)}: {column.about}" for column in told if column.about)
        return (*self.notes, *about, *(() if self.brief else self.more))


def _scaled(column: Column, values: Sequence[Any]) -> Column:
    if column.scale is None:
        return column
    factor, unit = column.scale.unit(values)
    heading = f"{column.heading} ({unit})" if unit else column.heading
    return replace(column, heading=heading, text=partial(column.scale.text, factor), scale=None)


def name_of(column: Column) -> str:
    """Its heading without the unit."""
    return column.heading.partition(" (")[0]


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
