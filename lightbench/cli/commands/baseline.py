"""Save what `lightbench check --baseline` compares with: exact counts, samples, how to rebuild it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import ConfigFile, Guarded, KeptRecords, Model, RecordsFile
from lightbench.cli.options import TIMEOUT, asked, axis_options, input_options, output_options
from lightbench.cli.output import (
    data_only,
    emit,
    make_store,
    notice,
    read_records,
    say_error,
    say_threads,
)
from lightbench.cli.progress import reports
from lightbench.errors import LightbenchError, StoreError, UsageError
from lightbench.files import naming, replacing
from lightbench.records import store
from lightbench.records.axes import SETUP
from lightbench.studies.check.project import read_project
from lightbench.studies.profile.table import profile_view

GROUP = "Compare and gate"
EXAMPLES = (
    "lightbench baseline save net.py:Net --threads 1",
    "lightbench baseline show lightbench-baseline.jsonl",
)
MARKED = True

DEFAULT = "lightbench-baseline.jsonl"


@click.group("baseline", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Save what `lightbench check --baseline` compares with: exact counts, samples, how to rebuild it."""


@command.command("save", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="[MODEL...]", type=Model(), shell_complete=complete.models
)
@click.option(
    "-o", "--output", "file", type=KeptRecords(), default=DEFAULT, show_default=True, help="The file.",
)  # fmt: skip
@click.option("--add", is_flag=True, help="Add sessions to the file: drift is known better then.")
@click.option(
    "--sessions", type=click.IntRange(1, 100), default=3, show_default=True,
    help="Fresh processes for each model.",
)  # fmt: skip
@click.option(
    "--seconds", type=float, default=10, show_default=True, help="For each session, at most."
)
@click.option("--config", type=ConfigFile(), help="Default: the project's own.")
@axis_options("batch", "mode")
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@input_options
@axis_options(*SETUP)
def save(
    models: tuple[str, ...],
    file: Path,
    add: bool,  # noqa: FBT001
    sessions: int,
    seconds: float,
    config: Path | None,
    quiet: bool,  # noqa: FBT001
    **settings: Any,
) -> int:
    """Count and time models, and keep it with the commit and the environment.

    The file is JSON lines, one record for each session; commit it, or keep it as an artifact of CI.
    """
    project = read_project(config)
    names = models or project.models
    if not names:
        raise UsageError("no model is named.", "Name one, or list `models` in lightbench.toml.")
    make_store(file)
    from lightbench.runner.control import Control
    from lightbench.studies.check import gate  # imports torch

    records: list[Any] = []
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        cases = gate.plan_cases(names, project, asked(settings))
        if add and file.exists():
            gate.follow(cases, read_records(file))
        how = gate.How(control=Control(say=report.say, progress=report.progress))
        for _ in range(sessions):
            for case in cases:
                record = gate.measure_apart(case, how, seconds)
                if record.failure is not None:
                    raise LightbenchError(record.failure.message, record.failure.hint)
                records.append(record)
    for said in dict.fromkeys(warning for record in records for warning in record.warnings):
        say_error(said)
    say_threads(quiet=quiet)
    if add:
        store.append(file, records)
    else:
        with naming(file), replacing(file) as new:
            store.append(new, records)
    notice(f"saved {len(records)} sessions in {file}", quiet=quiet)
    return 0


@command.command("show", cls=Guarded)
@click.argument("file", type=RecordsFile(), default=DEFAULT)
@output_options
def show(file: str, form: str | None, output: Path | None) -> int:
    """What a baseline holds; no code that it names is run."""
    if file != "-" and not Path(file).exists():
        raise StoreError(
            f"there is no baseline {file!r}.",
            f"`lightbench baseline save MODEL -o {shlex.quote(file)}` makes it.",
        )
    records = [record for record in read_records(file) if record.study == "profile"]
    emit(profile_view(records), form, output)
    return 0
