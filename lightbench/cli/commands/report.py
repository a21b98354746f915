"""Everything that records hold as one file: Markdown with figures beside it, or one HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from lightbench.cli.guarded import (
    Document,
    Guarded,
    ReadFile,
    RecordsFile,
    StoreFile,
    SuiteFile,
    Use,
    refuse_overwriting,
)
from lightbench.cli.options import FORCE, TIMEOUT, axis_options
from lightbench.cli.output import (
    INTERRUPTED,
    answer,
    chosen_format,
    emit,
    make_store,
    notice,
    read_records,
    say_error,
)
from lightbench.errors import UnknownName, UsageError
from lightbench.files import same
from lightbench.views.table import View

GROUP = "Share"
EXAMPLES = ("lightbench report runs.jsonl -o report.html",)
MARKED = True

if TYPE_CHECKING:
    from lightbench.reports import Report
    from lightbench.suite import Suite

DOCUMENTS = ("markdown", "html")


@click.command("report", cls=Guarded)
@click.argument("files", nargs=-1, metavar="[RECORDS.jsonl...]", type=RecordsFile())
@click.option("--suite", type=SuiteFile(), help="Measure what of this suite is not stored yet.")
@click.option(
    "--store",
    "path",
    type=StoreFile(),
    help="Keep the suite's records here. Default: beside the output, as .jsonl.",
)
@axis_options("device")
@click.option("--reference", metavar="MODEL", help="Hold others against it. Default: the first.")
@click.option(
    "--accuracy",
    type=ReadFile(),
    help="Your own top-1: a CSV file with the columns model, top1 and, if you like, source and data.",
)
@click.option("--title", default="", help="Its heading. Default: lightbench report.")
@FORCE
@TIMEOUT
@click.option("--trust-code", is_flag=True, help="Run Python files that the suite names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help="markdown, html, json; of the comparison alone: csv, jsonl, latex, table, ...",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=Document(),
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
    force: bool,  # noqa: FBT001
    trust_code: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    form: str | None,
    outputs: tuple[Path, ...],
) -> int:
    """Everything that records hold as one file: Markdown with figures beside it, or one HTML page.

    RECORDS are files that commands wrote with --store: profiles, layers, lint, cross-checks,
    guidelines, sweeps, checks, evaluations, device cards, of any devices. Each part is there if
    there are records for it. Stored records are only read: no code that they name is run.

    With --suite, what the store lacks is measured first; interrupted, the next run goes on. Tables of
    the suite ask for more than profiles: see `lightbench list studies`.

    \b
    lightbench profile mobilenet_v2 ./my_net.py:Net --store runs.jsonl
    lightbench report runs.jsonl -o report.html
    """  # noqa: D301 - click wants the character
    if suite is None and not files:
        raise UsageError("there is nothing to report.", "Name a store, or a suite with --suite.")
    if suite is None and (path or device or force):
        raise UsageError("--store, --device and --force are of a suite.", "Name one with --suite.")
    chosen = _chosen(form, outputs)
    path = _store(path, outputs) if suite else None
    own = _accuracies(accuracy)
    records = [record for file in files for record in read_records(file)]
    code, note, commands = 0, "", [_typed()]
    if suite is not None:
        read = _suite(suite)
        known = [*read.models, *(record.case.model for record in records)]
        if reference is not None and reference not in known:
            raise UnknownName("reference", reference, known, "It must be a model of the report.")
        from lightbench.cli.gather import gather

        found = gather(read, device=device, path=path, force=force, trusted=trust_code, quiet=quiet)
        records, code, note = records + found.records, found.code, found.note
        commands.insert(0, _as_file(suite))
        if code == INTERRUPTED and not records:
            return code
    if not records:
        raise UsageError(f"{', '.join(files)}: no records.", "Measure something into it first.")
    _unused(own, (record.case.model for record in records))
    from lightbench.reports import report

    made = report(
        records, title=title, reference=reference, accuracy=own, commands=commands, note=note
    )
    for output, kind in chosen.items():
        _write(made, kind, output)
        if output is not None:
            notice(f"wrote {output}", quiet=quiet)
    return code


def _suite(file: Path) -> Suite:
    from lightbench.suite import read_suite

    if file.exists() and not (file.is_file() or file.is_dir()):
        raise UsageError(
            f"{str(file)!r} is a pipe, and a report reads its suite more than once.",
            "Write the suite to a file first.",
        )
    return read_suite(file)


def _store(path: str | None, outputs: Sequence[Path]) -> str | None:
    """Where the suite's records are kept. Raises UsageError, StoreError."""
    if path is None and outputs:
        path = str(outputs[0].with_suffix(".jsonl"))
    if path is not None:
        if any(same(path, output) for output in outputs):
            raise UsageError(f"{path!r} cannot be report and store.", "Name a store with --store.")
        own = Use("store", Path(path), "the suite's store", "is the suite's store")
        refuse_overwriting(click.get_current_context(), (own,))
    make_store(path)
    return path


def _as_file(suite: Path) -> str:
    """A command that writes the suite, for a reader who does not have it."""
    text = suite.read_text(encoding="utf-8").strip()
    end = "END"
    while end in text.splitlines():
        end += "_"
    return f"cat > {shlex.quote(str(suite))} <<'{end}'\n{text}\n{end}"


def _unused(own: Mapping[str, Any], models: Iterable[str]) -> None:
    """Say which of the reader's accuracies are of no network in the report."""
    known = dict.fromkeys(models)
    for name in [name for name in own if name not in known][:3]:
        reason = UnknownName("model", name, known, "No record is of it, so it has no effect.")
        say_error(f"--accuracy: {reason}")


def _typed() -> str:
    """This command as it was typed, for a reader to type it again."""
    context = click.get_current_context()
    words = ["lightbench", "report", *context.params["files"]]
    for option in (one for one in context.command.params if one.name in context.params):
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
    from lightbench.models.accuracy import read_accuracy

    return read_accuracy(file) if file else {}


def _write(made: Report, kind: str, output: Path | None) -> None:
    """The whole report as a document or as JSON; in other formats the comparison alone."""
    if kind not in DOCUMENTS:
        view = View(made.view.table, made.data, made.view.above) if kind == "json" else made.view
        emit(view, kind, output)
    elif output is None:
        answer(made.html() if kind == "html" else made.markdown())
    else:
        made.save(output, kind)
