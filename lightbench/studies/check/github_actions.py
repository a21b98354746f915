"""What GitHub Actions shows of a check without opening the log: a summary, and annotations."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from lightbench import units
from lightbench.formats import github, markdown
from lightbench.views.table import Table, View

# GitHub refuses a step's whole summary above 1 MiB; a comment, where it may go next, at 64 KiB.
LIMIT = 60_000


def summary_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the step's summary is written, in a step of GitHub Actions."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    return Path(path) if path and environ.get("GITHUB_ACTIONS") == "true" else None


def announce(
    view: View,
    environ: Mapping[str, str] = os.environ,
    stream: TextIO | None = None,
    *,
    annotate: bool = True,
) -> None:
    """In a step of GitHub Actions, add the view to the step's summary and write an annotation to
    ``stream`` (stderr) for each row that has a level; elsewhere nothing. ``annotate`` is False where
    the answer itself is in the format github. A summary that cannot be written is a line there, too,
    and no error."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    stream = stream or sys.stderr
    if annotate and any(map(view.table.level, view.table.rows)):
        _write(stream, github.render(view))
    path = summary_file(environ)
    if path is None:
        _write(stream, "lightbench: no step summary: GITHUB_STEP_SUMMARY is not set.\n")
        return
    text = "\n" + limited(view, LIMIT - 1)  # what another command wrote before ends here
    try:
        with path.open("ab") as file:
            file.write(_encoded(text))
    except (OSError, ValueError) as error:  # the latter for a null byte in the path
        _write(stream, units.visible(f"lightbench: no step summary: {error}.") + "\n")


def _write(stream: TextIO, text: str) -> None:
    """Where the stream is full or closed, the summary is written all the same."""
    with suppress(OSError, ValueError):
        stream.write(text)


def limited(view: View, limit: int = LIMIT) -> str:
    """The view as Markdown of at most ``limit`` bytes. What does not fit is left out from the end of
    the last table, which may be folded, then of those before it, and a note there says how much."""
    tables = list(view.tables)
    for i in reversed(range(len(tables))):
        if _fits(view, tables, limit):
            break
        whole = tables[i]
        tables[i] = _cut(whole, 0, limit)
        if not _fits(view, tables, limit):
            continue
        least, most = 0, len(whole.rows) + len(whole.notes)
        while least < most:
            middle = (least + most + 1) // 2
            tables[i] = _cut(whole, middle, limit)
            least, most = (middle, most) if _fits(view, tables, limit) else (least, middle - 1)
        tables[i] = _cut(whole, least, limit)
    if _fits(view, tables, limit):
        return _markdown(view, tables)
    sorry = f"The summary is left out: it is longer than {units.size(limit)}.\n"
    return sorry if len(sorry) <= limit else ""


def _cut(table: Table, lines: int, limit: int) -> Table:
    """The table with so many of its notes and rows, notes first: they say what the rows mean."""
    notes = table.notes[:lines]
    rows = table.rows[: lines - len(notes)]
    gone = len(table.rows) - len(rows), len(table.notes) - len(notes)
    said = " and ".join(
        f"{units.exact(n)} {what}" for n, what in zip(gone, ("rows", "notes"), strict=True) if n
    )
    more = f"Left out here: {said}; a summary has at most {units.size(limit)}."
    return replace(table, rows=rows, notes=(more, *notes)) if said else table


def _fits(view: View, tables: list[Table], limit: int) -> bool:
    return len(_encoded(_markdown(view, tables))) <= limit


def _markdown(view: View, tables: list[Table]) -> str:
    *above, last = tables
    folded = last if view.folded else None
    return markdown.render(View(last, None, tuple(above), folded))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
