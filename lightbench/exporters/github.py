"""GitHub Actions annotations: each row is a notice, beside the code where the row names a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightbench.exporters._view import Column, View
from lightbench.units import visible

SUFFIXES = (".github",)
LEVEL = "notice"


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """A workflow command for each row; ``file`` and ``line`` are where it is shown, if a row has
    them, and not part of its text. Without rows, one notice with the title."""
    table = view.table
    commands = [_notice(table.title, table.columns, row) for row in table.rows]
    return "".join(commands or [_command({"title": table.title}, "nothing to report")])


def _notice(title: str, columns: Sequence[Column], row: Sequence[Any]) -> str:
    place = {c.key: v for c, v in zip(columns, row, strict=True) if c.key in ("file", "line") and v}
    said = [
        f"{column.heading}: {column.text(value)}" if column.heading else column.text(value)
        for column, value in zip(columns, row, strict=True)
        if column.shown and value is not None
    ]
    return _command({**place, "title": title}, ", ".join(word for word in said if word))


def _command(properties: dict[str, Any], message: str) -> str:
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{LEVEL} {said}::{_message(message)}\n"


def _message(text: str) -> str:
    """Text that ends neither the line nor the command."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
