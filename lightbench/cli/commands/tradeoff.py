"""Measured accuracy against measured time of networks that are trained on a small budget."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, Models, StoreFile, TrainingFolder
from lightbench.cli.options import (
    NUMBERS,
    TIMEOUT,
    asked,
    axis_options,
    output_options,
    settings_options,
)
from lightbench.cli.output import data_only, emit, keeping, read_records
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_outputs, draw
from lightbench.errors import UsageError
from lightbench.studies.profile.settings import Settings as Timing
from lightbench.studies.train.settings import Settings

GROUP = "Accuracy"
EXAMPLES = (
    "lightbench tradeoff mobilenet_v1_cifar shufflenet_v2_x0_5_cifar \\\n      --data digits",
)
MARKED = True


@click.command("tradeoff", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="MODEL...", type=Model(), shell_complete=complete.models
)
@click.option("--models", "listed", type=Models(), multiple=True, metavar="MODEL[,MODEL]", help="More of them, with commas.")  # fmt: skip
@click.option("--data", required=True, metavar="NAME[:PATH]", help="What they learn: digits, cifar10:PATH, ...")  # fmt: skip
@click.option("--seeds", type=NUMBERS, metavar="N[,N]", help="A training for each of these. Default 0.")  # fmt: skip
@settings_options(Settings, but=("seed", "patience"))
@settings_options(Timing)
@axis_options("device", "engine", "threads")
@click.option("--folder", type=TrainingFolder(), metavar="FOLDER", help="For weights; what is trained there is not trained again. Default: trained.")  # fmt: skip
@click.option("--store", "path", type=StoreFile(), help="Append records to this file, for `lightbench report`.")  # fmt: skip
@FIGURE
@click.option("--input", metavar="INPUT", help="Input of networks of your own: 3x32x32.")
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@output_options
def command(
    models: tuple[str, ...],
    listed: tuple[list[str], ...],
    folder: Path | None,
    path: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """Measured accuracy against measured time of networks that are trained on a small budget.

    Each MODEL is trained with each seed, evaluated on the images for testing, and timed beside the others. More
    training moves networks by different amounts: it tells which ones are worth that.

    \b
    lightbench tradeoff mobilenet_v1_cifar shufflenet_v2_x0_5_cifar --data digits
    lightbench tradeoff --data digits --models mobilenet_v1_cifar,shufflenet_v2_x0_5_cifar
    """  # noqa: D301 - click wants the character
    models = (*models, *chain.from_iterable(listed))
    if not models:
        raise UsageError("no network is named.", "Try `lightbench tradeoff MODEL MODEL --data digits`.")  # fmt: skip
    check_outputs(form, output, path, figure)
    from lightbench.studies.tradeoff.api import tradeoff  # imports torch

    keep = keeping(path, read_records(path) if path and Path(path).exists() else [])
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = tradeoff(
            *models, folder=folder or "trained", say=report.say, keep=keep, **asked(settings)
        )
    draw(found.plot, figure, quiet=quiet)
    emit(found.view, form, output)
    return 0
