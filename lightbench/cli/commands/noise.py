"""How noisy is this machine? What a latency gate would say here of identical code, and of a slowdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model
from lightbench.cli.options import TIMEOUT, asked, output_options, settings_options, setup_options
from lightbench.cli.output import INTERRUPTED, chosen_format, data_only, emit
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.studies.noise.settings import Settings

GROUP = "Compare and gate"
EXAMPLES = ("lightbench noise --threads 1",)


@click.command("noise", cls=Guarded)
@click.argument("model", type=Model(), default="shufflenet_v2_x0_5", shell_complete=complete.models)
@settings_options(Settings)
@click.option("--seed", type=int, help="Fixes the order of the rounds and what is drawn from them.")
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@setup_options
@FIGURE
@output_options
def command(
    model: str,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """How noisy is this machine? What a latency gate would say here of identical code, and of a slowdown.

    MODEL (shufflenet_v2_x0_5) is timed beside a copy of itself, and beside one with about 4 % more to
    do, in random order. From these pairs gates of 5, 20 and 60 s are drawn again and again: how often
    they call identical code slower or faster, and the smallest slowdown that they find. Exit code: 0;
    2 bad input; 4 not available; 130 interrupted, with what was known by then.
    """
    chosen_format(form, output)
    check_figure(figure)
    from lightbench.studies.noise.api import noise  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = noise(model, say=report.say, progress=report.progress, **asked(settings))
    draw(found.plot, figure, quiet=quiet)
    emit(found.view, form, output)
    return INTERRUPTED if found.interrupted else 0
