"""Everything that records hold as one file: Markdown with figures beside it, or one HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from lightbench import store
from lightbench.cli._options import (
    INTERRUPTED,
    chosen_format,
    data_only,
    emit,
    make_room,
    read_records,
    say_error,
)
from lightbench.cli._progress import reports
from lightbench.cli.profile import measure
from lightbench.errors import LightbenchError, UsageError
from lightbench.exporters import View
from lightbench.records import Case, Record

if TYPE_CHECKING:
    from lightbench.reports import Report

DOCUMENTS = ("markdown", "html")


@click.command("report")
@click.argument("files", nargs=-1, metavar="[RECORDS.jsonl...]")
@click.option(
    "--suite", type=click.Path(path_type=Path), help="Measure what of this suite is not stored yet."
)
@click.option(
    "--store", "path", help="Keep the suite's records here. Default: beside the output, as .jsonl."
)
@click.option("--device", help="Where to run the suite. Default cpu.")
@click.option("--reference", metavar="MODEL", help="Hold others against it. Default: the first.")
@click.option(
    "--accuracy",
    type=click.Path(path_type=Path),
    help="Your own top-1: a CSV file with the columns model, top1 and, if you like, source.",
)
@click.option("--title", default="lightbench report", help="Its heading.")
@click.option("--trust-code", is_flag=True, help="Run Python files that the suite names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help="markdown, html, or of the comparison alone: csv, json, jsonl, latex, ...",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file; its suffix chooses the format. May be repeated. Without it: stdout.",
)
def command(
    files: tuple[str, ...],
    suite: Path | None,
    path: str | None,
    device: str | None,
    reference: str | None,
    accuracy: Path | None,
    title: str,
    trust_code: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    form: str | None,
    outputs: tuple[Path, ...],
) -> int:
    """Everything that records hold as one file: Markdown with figures beside it, or one HTML page.

    RECORDS are files that commands wrote with --store: profiles, layers, lint, cross-checks,
    guidelines, sweeps, device cards, of any devices. Each part is there if there are records for
    it. With --suite, what the store lacks is measured first; interrupted, the next run goes on.
    Stored records are only read: no code that they name is run.
    """
    if suite is None and not files:
        raise UsageError("there is nothing to report.", "Name a store, or a suite with --suite.")
    if suite is None and (path or device):
        raise UsageError("--store and --device are of a suite.", "Name one with --suite.")
    chosen = _chosen(form, outputs)
    own = _accuracies(accuracy)
    records = [record for file in files for record in read_records(file)]
    code = 0
    if suite is not None:
        if path is None and outputs:
            path = str(outputs[0].with_suffix(".jsonl"))
        make_room(path)
        if path is not None and Path(path) in outputs:
            raise UsageError(f"{path!r} cannot be report and store.", "Name a store with --store.")
        measured, code = _measured(suite, device, path, trusted=trust_code, quiet=quiet)
        records += measured
    from lightbench.reports import report

    made = report(records, title=title, reference=reference, accuracies=own, commands=(_typed(),))
    for output, kind in chosen.items():
        _write(made, kind, output)
    return code


def _typed() -> str:
    """This command as it was typed, for a reader to type it again."""
    context = click.get_current_context()
    words = ["lightbench", "report", *context.params["files"]]
    for option in context.command.params:
        name, given = str(option.name), context.params[str(option.name)]
        source = context.get_parameter_source(name)
        if name not in ("files", "quiet") and source is ParameterSource.COMMANDLINE:
            flag = option.opts[0]
            values = given if isinstance(given, tuple) else (given,)
            words += [flag] if given is True else [w for v in values for w in (flag, str(v))]
    return shlex.join(words)


def _chosen(form: str | None, outputs: Sequence[Path]) -> dict[Path | None, str]:
    """The format of each output, None being stdout, once it is sure that it can be written. Raises
    UnknownName, UsageError, StoreError."""
    if not outputs:
        return {None: chosen_format(form or "markdown", None)}
    return {output: chosen_format(form, output) for output in outputs}


def _accuracies(file: Path | None) -> Mapping[str, Any]:
    from lightbench.models._accuracy import read_accuracy

    return read_accuracy(file) if file else {}


def _write(made: Report, kind: str, output: Path | None) -> None:
    """The whole report as a document or as JSON; in other formats the comparison alone."""
    if kind not in DOCUMENTS:
        view = View(made.view.table, made.data, made.view.above) if kind == "json" else made.view
        emit(view, kind, output)
    elif output is None:
        click.echo(made.html() if kind == "html" else made.markdown(), nl=False)
    else:
        made.save(output, kind)


def _measured(
    file: Path, device: str | None, path: str | None, *, trusted: bool, quiet: bool
) -> tuple[list[Record], int]:
    """All records of the store once the suite is measured, and the exit code."""
    from lightbench.suite import read_suite

    suite = read_suite(file)
    from lightbench import gathering  # imports torch

    studies = gathering.read_settings(suite.studies)
    settings: dict[str, Any] = {"device": device} if device else {}
    records, code = measure((), file, settings, path=path, trusted=trusted, quiet=quiet)
    if code == INTERRUPTED:
        say_error("interrupted; the same command goes on from here.")
        return _all(path, records), code
    cases = [record.case for record in records if record.status == "ok"]
    known = read_records(path) if path and Path(path).exists() else list(records)
    failed: list[LightbenchError] = []

    def complain(case: Case, error: LightbenchError) -> None:
        failed.append(error)
        say_error(f"{case.model}: {error}")

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        task = gathering.Task(
            cases,
            known,
            trusted,
            report.say,
            report.progress,
            lambda record: store.append(path, [record]) if path else None,
            complain,
        )
        try:
            gathering.gather(studies, task)
        except KeyboardInterrupt:
            say_error("interrupted; the same command goes on from here.")
            code = INTERRUPTED
    return task.known, code or (3 if failed else 0)


def _all(path: str | None, records: Sequence[Record]) -> list[Record]:
    return read_records(path) if path and Path(path).exists() else list(records)
