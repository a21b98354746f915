"""Is B slower than A? Two models, or one under two settings, timed in pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model
from lightbench.cli.options import (
    SEED,
    TIMEOUT,
    asked,
    axis_options,
    input_options,
    output_options,
    settings_options,
)
from lightbench.cli.output import chosen_format, data_only, emit
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.records.axes import SETUP
from lightbench.studies.compare.settings import Settings

GROUP = "Compare and gate"
EXAMPLES = (
    "lightbench compare old.py:Net new.py:Net --threads 1",
    "lightbench compare resnet18 --b channels-last --threads 1",
)


@click.command("compare", cls=Guarded)
@click.argument("a", metavar="A", type=Model(), shell_complete=complete.models)
@click.argument("b", metavar="[B]", type=Model(), required=False, shell_complete=complete.models)
@click.option("--a", "a_settings", multiple=True, metavar="KEY=VALUE", help="A alone: threads=1.")
@click.option(
    "--b", "b_settings", multiple=True, metavar="KEY=VALUE", help="B alone: channels-last."
)
@settings_options(Settings)
@axis_options("batch", "mode")
@SEED
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@input_options
@axis_options(*SETUP)
@FIGURE
@output_options
def command(
    a: str,
    b: str | None,
    a_settings: tuple[str, ...],
    b_settings: tuple[str, ...],
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """Is B slower than A? Two models, or one under two settings, timed in pairs.

    One call of each in turn, in random order, in one process; the median of the ratios of pairs, with
    its exact interval. Verdict: slower, same (within --tolerance), faster, or unclear. What only one
    side does: --b threads=2, --b channels-last, --b dtype=bfloat16, --a engine=compile, --b
    input=3x160x160. Exit code: 0 whatever the verdict; 2 bad input; 4 not comparable; 130.
    """
    from lightbench.studies.compare.one_side import parse_settings

    settings["a_settings"] = parse_settings(a_settings)
    settings["b_settings"] = parse_settings(b_settings)
    chosen_format(form, output)
    check_figure(figure)
    from lightbench.studies.compare.api import compare  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = compare(
            a,
            b,
            say=report.say,
            progress=report.progress,
            **asked(settings),
        )
    draw(found.plot, figure, quiet=quiet)
    emit(found.view, form, output)
    return 4 if found.verdict == "not comparable" else 0
