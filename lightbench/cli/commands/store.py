"""Files of records: whether they are still what was written."""

from __future__ import annotations

from pathlib import Path

import click

from lightbench import units
from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, RecordsFile
from lightbench.cli.options import output_options
from lightbench.cli.output import emit, notice, say_error
from lightbench.errors import StoreError
from lightbench.records import store
from lightbench.views.table import Column, Table, View

GROUP = "Share"
EXAMPLES = ("lightbench store verify runs.jsonl",)


@click.group("store", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Files of records: whether they are still what was written."""


@command.command("verify", cls=Guarded)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=RecordsFile(),
    metavar="FILE...",
    shell_complete=complete.files,
)
@click.option("-q", "--quiet", is_flag=True, help="Do not say what to do next.")
@output_options
def verify(files: tuple[str, ...], quiet: bool, form: str | None, output: Path | None) -> int:  # noqa: FBT001
    """Does each record still match its id, the hash of its own text? Says which lines do not.

    Holds for records of older schemas as well; - is standard input. Exit code: 0; 2 if a line is not
    what was written, or a file cannot be read.
    """
    rows: list[tuple[str, int, int]] = []
    problems: list[str] = []
    changed = False
    for file in files:
        try:
            found = store.verified(file)
            changed |= bool(found.problems)
        except StoreError as error:
            say_error(str(error))
            found = store.Verified(0, (error.message,))
        problems += found.problems
        rows.append((file, found.records, len(found.problems)))
    emit(_view(rows, problems), form, output)
    if changed:
        notice("lines that do not match are not what was measured: measure again.", quiet=quiet)
    return StoreError.exit_code if problems else 0


def _view(rows: list[tuple[str, int, int]], problems: list[str]) -> View:
    columns = (
        Column("file", "file", align="left"),
        Column("records", "records (that match)", units.exact),
        Column("problems", "lines (that do not)", units.exact),
        Column("level", "", shown=False),
    )
    leveled = tuple((*row, "error" if row[2] else "") for row in rows)
    table = Table("Records and their ids", columns, leveled, sentences=tuple(problems))
    return View(table, {"files": [table.named(row) for row in leveled], "problems": problems})
