"""No command writes over a file that it reads, or writes two things into one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lightbench.errors import UsageError
from lightbench.files import same

# Parameters of commands that name files: those that are replaced, and those that are read or only
# ever appended to.
REPLACED = ("output", "outputs", "figure", "trace")
KEPT = (
    "path", "files", "stores", "source", "suite", "file", "accuracy", "baseline", "config",
    "pytest_benchmark",
)  # fmt: skip

Named = tuple[str, Path]  # what names a file, such as "--store", and the file


def refuse_overwriting() -> None:
    """Raises UsageError if a file that the command at hand replaces is one of its others."""
    context = click.get_current_context(silent=True)
    if context is not None:
        refuse_same(given_files(context, REPLACED), given_files(context, KEPT))


def refuse_same(written: Sequence[Named], others: Sequence[Named]) -> None:
    """Raises UsageError if one of the files to write is another of them, or one of ``others``."""
    for i, (flag, file) in enumerate(written):
        for other, meant in (*written[i + 1 :], *others):
            if same(file, meant):
                raise UsageError(
                    f"{flag} would write over {str(file)!r}, which {other} names too.",
                    "Give each a file of its own.",
                )


def given_files(context: click.Context, parameters: Sequence[str]) -> list[Named]:
    """The files that were given, each with its option or argument, in the order of the command."""
    return [
        (_flag(option), Path("/dev/stdin" if str(file) == "-" else file))
        for option in context.command.params
        if option.name in parameters
        for file in _each(context.params.get(option.name))
    ]


def _flag(option: click.Parameter) -> str:
    return option.opts[0] if isinstance(option, click.Option) else "an argument"


def _each(given: object) -> tuple[Any, ...]:
    return given if isinstance(given, tuple) else () if given is None else (given,)
