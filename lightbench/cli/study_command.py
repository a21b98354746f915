"""What guidelines, sweeps and the device card share: measure into a store, or read what one holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from lightbench import registry
from lightbench.cli.guarded import RecordsFile, ReplacedFile, Role, StoreFile, Use
from lightbench.cli.options import FORCE, SEED, SHOWS, asked
from lightbench.cli.output import (
    INTERRUPTED,
    chosen_format,
    data_only,
    emit,
    keeping,
    make_room,
    make_store,
    notice,
    read_records,
    say_error,
    say_reused,
    say_threads,
)
from lightbench.cli.progress import reports
from lightbench.errors import UsageError
from lightbench.figures import save as figures
from lightbench.records import Record
from lightbench.records.axes import SETUP
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE = click.option("--figure", type=ReplacedFile(), help=f"Draw it: {figures.KNOWN}.")

F = TypeVar("F", bound=Callable[..., Any])


def study_options(function: F) -> F:
    """``--seed``, ``--store``, ``--from``, ``--quiet``."""
    options = (
        SEED,
        FORCE,
        click.option(
            "--store",
            "path",
            type=StoreFile(),
            help="Append records to this file, and measure nothing twice.",
        ),
        click.option(
            "--from",
            "source",
            type=RecordsFile(),
            help="Measure nothing: show what this file holds.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="No progress."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def check_outputs(
    form: str | None, output: Path | None, path: str | None, figure: Path | None
) -> None:
    """That all can be written, before minutes of measuring, not after: the answer, the store at ``path``, the figure.
    Raises UnknownName, UsageError, StoreError."""
    chosen_format(form, output)
    make_store(path)
    check_figure(figure)


def show(
    view: View,
    form: str | None,
    output: Path | None,
    *,
    drawing: tuple[str, Sequence[Record]],
    figure: Path | None,
    quiet: bool,
) -> None:
    """The answer, and before it the figure, if one is asked for: ``drawing`` is its name and what it is drawn of.
    Raises UnknownName, UsageError, StoreError."""
    name, records = drawing
    draw(lambda: registry.load("figure", name).draw(records), figure, quiet=quiet)
    emit(view, form, output)


def lacking(what: str, records: Sequence[Record], code: int, source: str | None) -> int:
    """The exit code where records lack a part of the answer: that of the measurement, or 3. Of a file, ``source``, it is
    a UsageError; ``what`` is called as the command is: "device card"."""
    if source is None:
        return code or 3
    failures(records)
    command = what.replace(" ", "-")
    raise UsageError(f"{source!r} holds no {what}.", f"Try `lightbench {command}`.")


def check_only_shown(*shows: str) -> None:
    """With ``--from`` nothing is measured: raises UsageError for given options that only a
    measurement has. ``shows`` are the parameters that select or show records."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in (*shows, "source", "quiet", *SHOWS):
            raise UsageError(
                f"--from measures nothing, so {option.opts[0]} has no meaning beside it.",
                f"Leave {option.opts[0]} out, or leave out --from to measure.",
            )


def measured(
    run: Callable[..., Any], path: str | None, settings: dict[str, Any], *, quiet: bool
) -> tuple[list[Record], int]:
    """The records of ``run(**settings)``, and the exit code that they ask for; what is finished goes
    to the store ``path`` at once."""
    stored = read_records(path) if path and Path(path).exists() else []
    from lightbench.runner.run import Interrupted  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        try:
            records = list(
                run(
                    stored=stored,
                    say=report.say,
                    progress=report.progress,
                    keep=keeping(path, stored),
                    **asked(settings),
                ).records
            )
        except Interrupted as interrupted:
            say_error("interrupted.")
            return interrupted.records, INTERRUPTED
    say_reused(records, stored, quiet=quiet)
    say_threads(quiet=quiet)
    return records, failures(records)


def own_card(role: Role, settings: dict[str, Any]) -> Use:
    """The file of this device's card, which is used where no other is named. Raises UnknownName,
    DeviceUnavailable."""
    from lightbench.studies.card.api import card_path  # imports torch

    file = card_path(**asked(settings, *SETUP))
    return Use(role, file, "the device card", "is this device's card")


def failures(records: Sequence[Record]) -> int:
    """Say which networks failed, each reason once; 0, or 3 if some did."""
    reasons = {
        f"{record.failure.message}\n  {record.failure.hint}".rstrip(): record.case.model
        for record in records
        if record.failure
    }
    for reason, model in reasons.items():
        say_error(f"{model}: {reason}")
    return 3 if reasons else 0


def check_figure(figure: Path | None) -> None:
    """Before the measurement, not after. Raises UsageError, StoreError."""
    if figure is not None:
        figures.check(figure)
    make_room(figure)


def draw(plot: Callable[[], Figure], file: Path | None, *, quiet: bool) -> None:
    """What ``plot`` draws as a file, if one is asked for; its name is said on stderr unless ``quiet``. Where there is
    nothing to draw that is said, and the command goes on with its answer."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        figures.save(plot(), file)
    except UsageError as error:
        say_error(f"no figure: {error}")
        return
    notice(f"wrote {file}", quiet=quiet)
