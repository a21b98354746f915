"""Costs and measured latency of networks, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, RecordsFile, StoreFile, SuiteFile
from lightbench.cli.options import (
    FORCE,
    SEED,
    TIMEOUT,
    asked,
    axis_options,
    device_flags,
    input_options,
    output_options,
    settings_options,
)
from lightbench.cli.output import (
    INTERRUPTED,
    chosen_format,
    data_only,
    emit,
    exit_code,
    keeping,
    make_store,
    read_records,
    say_error,
    say_reused,
    say_threads,
)
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.cli.unfinished import Unfinished
from lightbench.engines.support import named
from lightbench.errors import LightbenchError, UsageError
from lightbench.models import sources
from lightbench.records import Failure, Record
from lightbench.studies.profile.figure import draw as drawn
from lightbench.studies.profile.settings import Settings
from lightbench.studies.profile.table import profile_view
from lightbench.studies.roofline.among import check_held

GROUP = "Measure"
EXAMPLES = (
    "lightbench profile shufflenet_v2_x1_0 net.py:Net --batch 1,8",
    "lightbench profile resnet18 --engine eager,onnxruntime --store runs.jsonl",
)
MARKED = True


@click.command("profile", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="MODEL...", type=Model(), shell_complete=complete.models
)
@click.option("--suite", "file", type=SuiteFile(), help="A TOML file of models and settings.")
@axis_options(
    "device", "engine", "threads", "batch", "dtype", "calibration", "mode", "layout", several=True
)
@device_flags
@click.option(
    "--defaults",
    is_flag=True,
    help="Beside each engine also the same as it comes, with threads and precision of its own choice.",
)
@settings_options(Settings)
@SEED
@TIMEOUT
@click.option(
    "--store",
    "path",
    type=StoreFile(),
    help="Append records to this JSON-lines file, and measure nothing twice.",
)
@FORCE
@click.option(
    "--roofline",
    type=RecordsFile(),
    help="Hold networks against the peaks of this file, which `lightbench roofline --store` made."
    " Default: those in --store.",
)
@click.option("--trust-code", is_flag=True, help="Run Python files that a suite names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@input_options
@FIGURE
@output_options
def command(
    models: tuple[str, ...],
    file: Path | None,
    path: str | None,
    force: bool,  # noqa: FBT001
    roofline: str | None,
    trust_code: bool,  # noqa: FBT001
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """Costs and measured latency of networks, side by side.

    MODEL is a name of `lightbench list models`, torchvision:NAME, timm:NAME, path/file.py:Class, or
    package.module:Class.

    The cases are timed in rounds of random order until each median is known within --rel, or the
    time is spent. Where there are peaks of this device (`lightbench roofline`), a network's roofline is the
    least time that they allow, and its efficiency that over the time it takes.

    Exit code: 0; 2 bad input; 3 some cases failed; 4 not available; 130 interrupted.
    """
    settings = asked(settings)
    chosen = chosen_format(form, output)
    make_store(path)
    check_figure(figure)
    held = _peaks(roofline) if roofline else ()
    records, code, known = measure(
        models, file, settings, path=path, force=force, held=held, trusted=trust_code, quiet=quiet
    )
    failures = dict.fromkeys(str(_error(r.failure)) for r in records if r.failure)
    if code == INTERRUPTED:
        say_error("interrupted.")
    if not any(record.status == "ok" for record in records):
        for failure in failures:
            say_error(failure)
        if chosen == "table":
            return code
    draw(lambda: drawn(records), figure, quiet=quiet)
    emit(profile_view(records, known), form, output)
    return code


def _peaks(file: str) -> list[Record]:
    """What is in a file, if it holds a roofline. Raises StoreError, UsageError."""
    held = read_records(file)
    check_held(held, repr(file))
    return held


def _error(failure: Failure) -> LightbenchError:
    return LightbenchError(failure.message, failure.hint)


def measure(
    models: Sequence[str],
    file: Path | None,
    settings: dict[str, Any],
    *,
    path: str | None,
    force: bool,
    held: Sequence[Record],
    trusted: bool,
    quiet: bool,
) -> tuple[list[Record], int, list[Record]]:
    """Run the cases of ``models`` or of a suite ``file``, with progress on stderr; gives the records,
    the exit code that they ask for, and all that is known by then: the roofline that they are ``held`` against,
    what is stored, and what was measured. With a store or a roofline, anchors are timed as well."""
    defaults = settings.pop("defaults", False)
    names, settings = _with_suite(models, file, settings, trusted=trusted)
    if defaults:
        settings["engine"] = named.beside_defaults(settings.get("engine", ()))
        if not any(map(named.options_of, settings["engine"])):
            raise UsageError(
                "--defaults is for engines that have some of their own.",
                "Try --engine eager,openvino --defaults.",
            )
    from lightbench.runner.run import Interrupted
    from lightbench.studies.profile.api import profile  # imports torch

    stored = read_records(path) if path and Path(path).exists() else []
    unfinished = Unfinished(path)
    known, store_it = [*held, *stored], keeping(path, stored)

    def keep(record: Record) -> None:
        known.append(record)
        store_it(record)

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        try:
            records = list(
                profile(
                    *names,
                    **unfinished.told(stored, keep),
                    roofline=held or None,
                    say=report.say,
                    progress=report.progress,
                    anchored=path is not None,
                    force=force,
                    **settings,
                ).records
            )
        except Interrupted as interrupted:
            unfinished.done()
            return interrupted.records, INTERRUPTED, known
    unfinished.done()
    say_reused(records, stored, quiet=quiet)
    say_threads(quiet=quiet)
    code = exit_code([r.failure.exit_code for r in records if r.failure], len(records))
    return records, code, known


def _with_suite(
    models: Sequence[str], file: Path | None, settings: dict[str, Any], *, trusted: bool
) -> tuple[list[str], dict[str, Any]]:
    """What the user typed, before what the suite says."""
    if file is None:
        if not models:
            raise UsageError("no model is named.", "Try `lightbench profile mobilenet_v2`.")
        return list(models), settings
    from lightbench.suite import read_suite

    suite = read_suite(file)
    if not trusted and not models:
        for name in filter(sources.is_file, suite.models):
            sources.find(name, trusted=False)  # refuses it
    return list(models) or suite.models, {**suite.keywords, **settings}
