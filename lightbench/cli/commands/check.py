"""The check for CI: slower than a commit or a baseline, or over a budget? Exit code 1 only if so."""

from __future__ import annotations

from dataclasses import replace
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
from lightbench.cli.options import (
    FRACTION,
    SEED,
    TIMEOUT,
    asked,
    axis_options,
    input_options,
    output_options,
)
from lightbench.cli.output import (
    chosen_format,
    data_only,
    emit,
    make_room,
    make_store,
    say_threads,
    warnings_said,
)
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.errors import UsageError
from lightbench.records import store
from lightbench.records.axes import SETUP
from lightbench.studies.check.github_actions import announce, summary_file
from lightbench.views.table import View

GROUP = "Compare and gate"
EXAMPLES = (
    "lightbench check net.py:Net --against HEAD^1 --threads 1",
    "lightbench check --baseline lightbench-baseline.jsonl",
)


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
@axis_options("batch", "mode")
@SEED
@TIMEOUT
@click.option(
    "--store", "path", type=StoreFile(), help="Append what was found to this file, for a report."
)
@click.option("--trust-code", is_flag=True, help="Run Python files that a baseline names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@input_options
@axis_options(*SETUP)
@FIGURE
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
    path: str | None,
    figure: Path | None,
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """The check for CI: slower than a commit or a baseline, or over a budget?

    --against measures the source at a commit and yours in pairs, in one process: no stored number, no
    second run. --baseline compares params, MAdds and memory access exactly, and latency where that
    can be done, under the settings that it was saved with, unless others are said. Budgets are in lightbench.toml or under [tool.lightbench]. A slowdown is confirmed
    in a fresh process. Exit code: 0 no regression; 1 a confirmed one; 2 bad input; 3 unclear (only
    with --strict); 4 not comparable, or nothing measured (with --strict: or new); 130 interrupted.
    """
    chosen = chosen_format(form, output)
    if summary := summary_file():
        log = Use("log", summary, "GITHUB_STEP_SUMMARY", "GITHUB_STEP_SUMMARY names")
        refuse_overwriting(click.get_current_context(), (log,))
    make_room(output)
    make_store(path)
    check_figure(figure)
    if pytest_benchmark:
        if models or against or baseline or path or figure:
            raise UsageError(
                "--pytest-benchmark compares two files, and nothing else.", "Leave the rest out."
            )
        from lightbench.pytest_benchmark.two_runs import two_runs_view

        view, code = two_runs_view(*pytest_benchmark, strict=strict)
        return _answer(view, code, form, output, chosen)
    typed = asked(settings)
    latency = not typed.pop("no_latency")
    from lightbench.studies.check.api import check  # imports torch
    from lightbench.studies.check.beside_baseline import read_baseline

    with warnings_said():
        stored = read_baseline(baseline) if baseline and not against else baseline
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = check(
            models,
            against=against,
            baseline=stored,
            config=config,
            latency=latency,
            strict=strict,
            trusted=trust_code,
            say=report.say,
            progress=report.progress,
            **typed,
        )
    say_threads(quiet=quiet)
    if path:
        held = str(baseline) if baseline else found.against
        store.append(path, replace(found, against=held).records)
    draw(found.plot, figure, quiet=quiet)
    return _answer(found.view, found.exit_code, form, output, chosen)


def _answer(view: View, code: int, form: str | None, output: Path | None, chosen: str) -> int:
    announce(view, annotate=not (chosen == "github" and output is None))
    emit(view, form, output)
    return code
