"""GitHub Actions annotations: one a row, as grave as it says, beside the code if it names a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lightbench.units import visible
from lightbench.views.table import Table, View

SUFFIXES = (".github",)


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """A workflow command for each row: an error, a warning or a notice by its ``level``, none where
    that is empty. ``file`` and ``line`` are where it is shown, which GitHub wants from the top of the
    repository, ``title`` is its title (the table's without one), if a row has them, and not part of its
    text. Without any, one notice with the title."""
    table = view.table
    commands = [_annotation(table, row) for row in table.rows if table.level(row)]
    return "".join(commands or [_command("notice", {"title": table.title}, "nothing to report")])


def _annotation(table: Table, row: tuple[Any, ...]) -> str:
    values = table.named(row)
    place = {key: values[key] for key in ("file", "line") if values.get(key)}
    if "file" in place:
        place["file"] = _from_top(place["file"])
    return _command(
        table.level(row), {**place, "title": values.get("title") or table.title}, table.said(row)
    )


def _from_top(file: str) -> str:
    """The path from the top of the repository that the file is in; as it is where there is none."""
    path = Path(os.path.abspath(file))  # noqa: PTH100  links stay: GitHub knows the file by that name
    try:
        top = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    except (OSError, ValueError):  # no system has such a name: too long, or with a null byte
        return file
    return path.relative_to(top).as_posix() if top else file


def _command(level: str, properties: dict[str, Any], message: str) -> str:
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{level} {said}::{_message(message)}\n"


def _message(text: str) -> str:
    """Text that ends neither the line nor the command."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
