"""The check for CI: slower than a commit or a baseline, or over a budget? Exit code 1 only if so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import (
    BaselineFile,
    ConfigFile,
    Guarded,
    Model,
    Program,
    ReadFile,
    StoreFile,
    Use,
    refuse_overwriting,
)
from lightbench.cli.options import FRACTION, input_options, output_options, run_options
from lightbench.cli.output import (
    chosen_format,
    data_only,
    emit,
    make_room,
    make_store,
    read_records,
    say_threads,
)
from lightbench.cli.progress import reports
from lightbench.cli.project import read_project, typed_settings
from lightbench.errors import UsageError
from lightbench.records import Case, store
from lightbench.records.findings import Check
from lightbench.studies.check.budgets import Config, find_config
from lightbench.studies.check.github_actions import announce, summary_file
from lightbench.studies.compare.rows import Row
from lightbench.views.table import View


@click.command("check", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="[MODEL...]", type=Model(), shell_complete=complete.models
)
@click.option(
    "--against", metavar="GIT_REF", help="The source at that commit, in pairs with yours."
)
@click.option("--baseline", type=BaselineFile(), help="A file of `baseline save`.")
@click.option("--config", type=ConfigFile(), help="Default: the project's own.")
@click.option("--tolerance", type=FRACTION, help="A slowdown as small as this is none. Default 2%.")
@click.option("--seconds", type=float, help="For each comparison, at most. Default 60.")
@click.option("--strict", is_flag=True, help="3 if something is unclear, 4 if it is new.")
@click.option("--no-latency", is_flag=True, help="Only what is counted, which never varies.")
@click.option("--isolate", is_flag=True, help="Two processes in turn, for other dependencies.")
@click.option(
    "--old-python",
    type=Program(),
    metavar="FILE",
    help="With --isolate: the old side's interpreter.",
)
@click.option(
    "--pytest-benchmark",
    nargs=2,
    type=ReadFile(),
    metavar="OLD NEW",
    help="Two JSON files of pytest-benchmark, and what they can tell.",
)
@click.option("--batch", type=int, help="Batch size. Default 1.")
@click.option("--seed", type=int, help="Fixes the random order of the pairs.")
@click.option(
    "--store", "path", type=StoreFile(), help="Append what was found to this file, for a report."
)
@click.option("--trust-code", is_flag=True, help="Run Python files that a baseline names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@input_options
@run_options
@output_options
def command(
    models: tuple[str, ...],
    against: str | None,
    baseline: Path | None,
    config: Path | None,
    strict: bool,  # noqa: FBT001
    pytest_benchmark: tuple[Path, Path] | None,
    trust_code: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    shapes: tuple[str, ...],
    channels_last: bool,  # noqa: FBT001
    path: str | None,
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """The check for CI: slower than a commit or a baseline, or over a budget?

    --against measures the source at a commit and yours in pairs, in one process: no stored number, no
    second run. --baseline compares params, MAdds and memory access exactly, and latency where that
    can be done. Budgets are in lightbench.toml or under [tool.lightbench]. A slowdown is confirmed
    in a fresh process. Exit code: 0 no regression; 1 a confirmed one; 2 bad input; 3 unclear (only
    with --strict); 4 not comparable, or nothing measured (with --strict: or new); 130 interrupted.
    """
    chosen = chosen_format(form, output)
    if summary := summary_file():
        log = Use("log", summary, "GITHUB_STEP_SUMMARY", "GITHUB_STEP_SUMMARY names")
        refuse_overwriting(click.get_current_context(), (log,))
    make_room(output)
    make_store(path)
    if pytest_benchmark:
        if models or against or baseline or path:
            raise UsageError(
                "--pytest-benchmark compares two files, and nothing else.", "Leave the rest out."
            )
        from lightbench.pytest_benchmark.two_runs import two_runs_view

        view, code = two_runs_view(*pytest_benchmark, strict=strict)
        return _answer(view, code, form, output, chosen)
    if against and baseline:
        raise UsageError("--against and --baseline are two questions.", "Ask one at a time.")
    if settings["old_python"] and not settings["isolate"]:
        raise UsageError("--old-python is for --isolate.", "Add --isolate.")
    read = config or find_config(Path())
    project = read_project(read)
    typed = typed_settings(settings, shapes, channels_last=channels_last)
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        cases, rows = _check(
            models or project.models,
            project,
            typed,
            against=against,
            baseline=baseline,
            typed_models=bool(models),
            read=read,
            trusted=trust_code or bool(models or project.models),
            how={**_how(settings, project), "say": report.say, "progress": report.progress},
        )
    say_threads(quiet=quiet)
    if path:
        _store(path, cases, rows, against or (str(baseline) if baseline else "budgets"))
    from lightbench.studies.check.table import check_view
    from lightbench.studies.compare.rows import exit_code

    code = exit_code(rows, strict=strict)
    return _answer(check_view(rows, strict=strict), code, form, output, chosen)


def _answer(view: View, code: int, form: str | None, output: Path | None, chosen: str) -> int:
    announce(view, annotate=not (chosen == "github" and output is None))
    emit(view, form, output)
    return code


def _how(settings: dict[str, Any], project: Config) -> dict[str, Any]:
    from lightbench.records.parse import parse_fraction

    tolerance, seconds = settings["tolerance"], settings["seconds"]
    if tolerance is None and project.tolerance is not None:
        tolerance = parse_fraction(str(project.tolerance))
    if seconds is None:
        seconds = project.seconds
    chosen = {"tolerance": tolerance, "seconds": seconds}
    return {
        **{key: value for key, value in chosen.items() if value is not None},
        "latency": not settings["no_latency"],
        "isolate": settings["isolate"],
        "old_python": settings["old_python"],
        "seed": settings["seed"],
    }


def _check(
    models: tuple[str, ...],
    project: Config,
    typed: dict[str, Any],
    *,
    against: str | None,
    baseline: Path | None,
    typed_models: bool,
    read: Path | None,
    trusted: bool,
    how: dict[str, Any],
) -> tuple[list[Case], list[Row]]:
    if baseline and not baseline.exists():
        raise UsageError(
            f"there is no baseline {str(baseline)!r}.",
            "Write one: `lightbench baseline save MODEL`.",
        )
    stored = None
    if baseline:
        stored = [record for record in read_records(baseline) if record.study == "profile"]
    from lightbench.studies.check import beside_baseline, gate  # imports torch

    if models:
        cases = gate.plan_cases(models, project, typed, gone=against is not None)
    elif stored is not None:
        cases = beside_baseline.baseline_cases(stored, trusted=trusted)
    else:
        raise UsageError("no model is named.", "Name one, or list `models` in lightbench.toml.")
    rows = gate.check(
        cases,
        project,
        gate.How(**how),
        against=against,
        baseline=stored,
        named=bool(models),
        whole=not typed_models,
        read=read,
    )
    return cases, rows


def _store(path: str, cases: Sequence[Case], rows: Sequence[Row], against: str) -> None:
    """One record a case, with its rows."""
    from lightbench.runner.record import untimed
    from lightbench.studies.compare.rows import stored

    for case in cases:
        found = tuple(stored(row) for row in rows if row.model == case.model)
        store.append(path, [untimed(case, check=Check(against=against, metrics=found))])
