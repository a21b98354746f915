"""What a reader wants to see of an answer: which columns, in which order, with how many notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lightbench.errors import UnknownName, UsageError
from lightbench.views.table import Table, View

MODEL = "model"  # the key of the column that `names` are for
NEEDED = ("level",)  # how grave a row is: what becomes a table, a log or a test report needs it


@dataclass(frozen=True)
class Chosen:
    """``columns`` by their keys, all that are shown by themselves unless given; ``sort`` by the value of a
    column, from the highest with a minus before its key; ``everything`` that there is for people, however
    wide; ``notes``: all of them (True), none (False), or what matters most (None). ``names`` are what people
    are to read instead of a model's name, each a pair of both."""

    columns: tuple[str, ...] = ()
    sort: str = ""
    everything: bool = False
    notes: bool | None = None
    names: tuple[tuple[str, str], ...] = ()


def choose(view: View, chosen: Chosen) -> View:
    """The view as it is wanted. Tables that have none of the columns are left out, and where columns are
    chosen, what is for programs is the rows. Raises UnknownName for a column that no table has, and UsageError
    for the name of a model that is in none."""
    names = [*chosen.columns, *([chosen.sort.removeprefix("-")] if chosen.sort else [])]
    tables = [*view.above, view.table, *([view.folded] if view.folded else [])]
    known = dict.fromkeys(column.key for table in tables for column in table.columns)
    for name in names:
        if name not in known:
            raise UnknownName("column", name, [*known], "`--format csv` has them all.")
    _check_names(tables, chosen.names)

    def has(table: Table) -> bool:
        keys = {column.key for column in table.columns}
        return not chosen.columns or any(name in keys for name in chosen.columns)

    table = _table(view.table, chosen)
    return View(
        table,
        [table.named(row) for row in table.rows] if chosen.columns else view.data,
        above=tuple(_table(each, chosen) for each in view.above if has(each)),
        folded=_table(view.folded, chosen) if view.folded and has(view.folded) else None,
    )


def _check_names(tables: Sequence[Table], names: Sequence[tuple[str, str]]) -> None:
    models = {table.named(row).get(MODEL): None for table in tables for row in table.rows}
    for model, _ in names:
        if model not in models:
            known = ", ".join(filter(None, models)) or "none"
            raise UsageError(f"there is no model {model!r} to name.", f"There are: {known}.")


def _table(table: Table, chosen: Chosen) -> Table:
    table = _named(table, dict(chosen.names)) if chosen.names else table
    table = _sorted(table, chosen.sort) if chosen.sort else table
    if chosen.columns:
        table = _only(table, chosen.columns)
    if chosen.everything:
        table = replace(table, wide=True)
    if chosen.notes is None:
        return table
    if chosen.notes:
        return replace(table, brief=False)
    columns = tuple(replace(column, about="") for column in table.columns)
    return replace(table, columns=columns, notes=(), more=())


def _named(table: Table, names: Mapping[str, str]) -> Table:
    """Programs are still given the model."""

    def text(model: str) -> str:
        return names.get(model, model)

    columns = (replace(c, text=text) if c.key == MODEL else c for c in table.columns)
    return replace(table, columns=tuple(columns))


def _only(table: Table, keys: Sequence[str]) -> Table:
    places = {column.key: i for i, column in enumerate(table.columns)}
    kept = [places[key] for key in keys if key in places]
    hidden = [places[key] for key in NEEDED if key in places and key not in keys]
    return replace(
        table,
        columns=tuple(
            replace(table.columns[i], shown=i not in hidden, sparse=False, common=False, drop=0)
            for i in (*kept, *hidden)
        ),
        rows=tuple(tuple(row[i] for i in (*kept, *hidden)) for row in table.rows),
    )


def _sorted(table: Table, sort: str) -> Table:
    """Rows by a column; those of which it is unknown come last, and without the column none moves."""
    key, down = sort.removeprefix("-"), sort.startswith("-")
    place = next((i for i, column in enumerate(table.columns) if column.key == key), None)
    if place is None:
        return table
    known = [row for row in table.rows if row[place] is not None]
    rest = [row for row in table.rows if row[place] is None]
    rows = sorted(known, key=lambda row: _rank(row[place]), reverse=down)
    return replace(table, rows=(*rows, *rest))


def _rank(value: Any) -> tuple[bool, Any]:
    """Numbers before text, which may stand in one column."""
    text = not isinstance(value, int | float)
    return text, str(value) if text else value
