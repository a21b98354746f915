"""A network learns a data set, and is tested after each epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, ReplacedFile, TrainingFolder, Typed
from lightbench.cli.options import TIMEOUT, asked, axis_options, output_options, settings_options
from lightbench.cli.output import data_only, emit, notice
from lightbench.cli.progress import reports
from lightbench.cli.study_command import check_outputs, draw
from lightbench.figures.save import KNOWN
from lightbench.studies.train.settings import Settings

GROUP = "Accuracy"
EXAMPLES = ("lightbench train mobilenet_v1_cifar --data digits --epochs 8",)


@click.command("train", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option("--data", required=True, metavar="NAME[:PATH]", help="What it learns: digits, cifar10:PATH, imagefolder:PATH, ...")  # fmt: skip
@settings_options(Settings, but=("compile",))
@click.option("--compile", is_flag=True, help="Compile the network with torch.compile first.")
@axis_options("device", "threads")
@click.option("--input", metavar="INPUT", help="Input of a network of your own: 3x32x32.")
@click.option("--weights", type=Typed(), metavar="FILE", help="Begin with these weights, not with random ones.")  # fmt: skip
@click.option("--folder", type=TrainingFolder(), metavar="FOLDER", help="For weights and log. Default: trained/MODEL-DATA-SEED.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the training in the folder.")
@click.option("--force", is_flag=True, help="Begin anew in a folder that holds a training.")
@click.option("--tensorboard", is_flag=True, help="Also write TensorBoard's files into the folder.")
@click.option("--figure", type=ReplacedFile(), help=f"Draw loss, accuracy and learning rate: {KNOWN}.")  # fmt: skip
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@output_options
def command(
    model: str,
    data: str,
    folder: Path | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """A network learns a data set, and is tested after each epoch.

    Killed at any moment and resumed, it ends with the weights that it would have had. In the folder are
    best.pt (the weights with the best test accuracy), last.pt (what --resume needs) and log.jsonl. Under torchrun
    several devices learn together.
    """
    check_outputs(form, output, None, figure)
    from lightbench.studies.train.api import train  # imports torch
    from lightbench.studies.train.progress import parts
    from lightbench.studies.train.together import from_environment

    place = folder or Path("trained", f"{_plain(model)}-{_plain(data.partition(':')[0])}-{settings.get('seed') or 0}")  # fmt: skip
    first = from_environment().first  # of the processes of torchrun one speaks
    quiet = quiet or not first
    typed = asked({k: v for k, v in settings.items() if v is not False})
    epochs = typed.get("epochs", Settings().epochs)
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        report.say(f"{model}: {data} is read")
        trained = train(
            model, data=data, folder=place, say=report.say, **typed,
            progress=lambda epoch, step: report.say(*parts(epoch, step, epochs)),
        )  # fmt: skip
    if not first:
        return 0
    draw(trained.plot, figure, quiet=quiet)
    emit(trained.view, form, output)
    notice(f"wrote {trained.weights}", quiet=quiet)
    return 0


def _plain(name: str) -> str:
    """A name as part of a file's: without what only some systems have in one."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
