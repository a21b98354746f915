"""What a command says: its answer, its messages, its exit code; and the files it is asked to write."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from lightbench import errors, files, registry
from lightbench.errors import StoreError, UnknownName, UsageError
from lightbench.formats import format_of
from lightbench.process import streams
from lightbench.records import Record, store
from lightbench.runner.control import Keep
from lightbench.units import visible
from lightbench.views.chosen import Chosen, choose
from lightbench.views.table import View
from lightbench.workers import journal

INTERRUPTED = errors.INTERRUPTED


LONGEST_LINE = 4_000  # characters of a message on stderr


FALLBACK = 80  # columns of a terminal that does not know


def chosen_format(form: str | None, output: Path | None) -> str:
    """The format that the options ask for, once it is sure that the output can be written: before
    minutes of measuring, not after. Raises UnknownName, UsageError, StoreError."""
    if form is not None and form not in registry.names("format"):
        raise UnknownName("format", form, registry.names("format"))
    chosen = form or (format_of(output) if output else "table")
    make_room(output)
    return chosen


CHOSEN = "lightbench.chosen"  # what the options of `output_options` say of columns and notes


def emit(view: View, form: str | None, output: Path | None) -> None:
    """Print the answer, or write it to a file. It is as wide as COLUMNS says, which whoever sets it
    means, or else as the terminal that it is printed on. A column or a model that there is not is told when all of
    the answer has been given, which took minutes to find. Raises UnknownName, UsageError, StoreError."""
    context = click.get_current_context(silent=True)
    wanted: dict[str, Any] = context.meta.get(CHOSEN, {}) if context else {}
    try:
        chosen = choose(view, Chosen(**wanted))
    except UsageError:
        _write(view, form, output)
        raise
    _write(chosen, form, output)


def _write(view: View, form: str | None, output: Path | None) -> None:
    chosen = chosen_format(form, output)
    terminal = output is None and sys.stdout.isatty()
    wanted = terminal or os.environ.get("COLUMNS")
    text = registry.load("format", chosen).render(
        view,
        width=_columns() if wanted else None,
        colour=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
    )
    if output is None:
        answer(text)
    else:
        files.write(output, text)


def _columns() -> int:
    """As `shutil.get_terminal_size`, of the terminal that stdout is: descriptor 1 may be another."""
    if not os.environ.get("COLUMNS"):
        with suppress(OSError, ValueError):  # no terminal, no file
            return os.get_terminal_size(sys.stdout.fileno()).columns or FALLBACK
    return shutil.get_terminal_size().columns


def answer(text: str) -> None:
    """Print what the command was asked for; what stdout has no letter for becomes its escape. A
    reader that left has seen enough: the command goes on, with its files and its exit code. Raises
    StoreError."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=True)
    except OSError as error:
        streams.drop(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise StoreError(
                f"cannot write the answer: {error.strerror}.", "Name a file with -o."
            ) from error


def make_room(*outputs: Path | str | None) -> None:
    """The folders that files need. Raises StoreError if one cannot be written; none is made yet."""
    for output in (Path(output) for output in outputs if output is not None):
        with files.naming(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            if output.is_fifo():  # whoever reads it would take this for the end
                continue
            if output.exists():
                output.open("ab").close()
            elif not os.access(output.parent, os.W_OK):
                raise PermissionError(errno.EACCES, "its folder is read-only")


def make_store(path: str | Path | None) -> None:
    """The same for a store, which is also read. Raises StoreError."""
    if path is not None:
        store.refuse_pipe(path)
        make_room(path)


def read_records(path: str | Path) -> list[Record]:
    """The records of a store; a line of it that was skipped is named on stderr. Raises StoreError."""
    with warnings_said():
        return store.read(path)


def keeping(path: str | None, stored: Sequence[Record]) -> Keep:
    """What appends records to the store at ``path``, if there is one. Where the command runs once more
    without a network that has ended it, a failure that it ``stored`` before is not stored again."""
    again = {(r.case, r.failure) for r in stored if r.failure} if journal.fallen else set()

    def keep(record: Record) -> None:
        if path is not None and (record.case, record.failure) not in again:
            store.append(path, [record])

    return keep


@contextmanager
def warnings_said() -> Iterator[None]:
    """What a store warns of is a line on stderr each, and no Python warning."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:  # an error may be of what was skipped
        for warning in caught:
            say_error(str(warning.message))


@contextmanager
def data_only(*, quiet: bool) -> Iterator[None]:
    """What a network prints, and what it starts, goes to stderr, or with ``quiet`` nowhere: stdout is
    for the answer."""
    with streams.stdout_elsewhere(quiet=quiet):
        yield


def exit_code(failures: list[int], cases: int) -> int:
    """0 if no case failed; the failures' own code if all cases failed alike; 3 if only some did."""
    if not failures:
        return 0
    return failures[0] if len(failures) == cases and len(set(failures)) == 1 else 3


def notice(text: str, *, quiet: bool) -> None:
    """What a command did besides its answer, on stderr, unless the user wants quiet."""
    if not quiet:
        say_error(text)


def say_reused(records: Sequence[Record], stored: Sequence[Record], *, quiet: bool) -> None:
    """Of how many records nothing was measured, on stderr: a reader must know which numbers are old."""
    known = set(map(id, stored))
    held = [record for record in records if id(record) in known]
    doubtful = [
        r
        for r in held
        if r.contended or r.suspicions or (r.samples is not None and r.samples.stop != "converged")
    ]
    if held:
        again = (
            f"; {len(doubtful)} of them not converged, contended or suspect, which --force measures again"
            if doubtful
            else ""
        )
        notice(f"stored: {len(held)} of {len(records)}{again}.", quiet=quiet)


def say_threads(*, quiet: bool) -> None:
    """On stderr, if it was not what is free that decided how many threads there are."""
    from lightbench.environment import free_cores

    if said := free_cores.kept():
        notice(said, quiet=quiet)


def say_error(text: str) -> None:
    """One error on stderr. It may quote names and file contents: none of its lines passes for another
    message of ours."""
    first, *rest = f"lightbench: {text}".split("\n")
    say("\n".join([first, *(f"  {line.lstrip(' ')}" for line in rest)]))


def say(text: str) -> None:
    """Lines on stderr, in which nothing acts on the terminal or on whoever reads a log. Where nobody
    can be told, the command goes on."""
    lines = (_bearable(visible(line)) for line in text.rstrip("\n").split("\n"))
    with suppress(OSError, ValueError):
        click.echo("\n".join(lines), err=True)


def _bearable(line: str) -> str:
    """A line that quotes a name without end loses its middle."""
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"
