"""The classes that a trained network sees in images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, Typed, Use, refuse_overwriting
from lightbench.cli.options import (
    TIMEOUT,
    asked,
    axis_options,
    output_options,
    settings_options,
)
from lightbench.cli.output import chosen_format, data_only, emit, say_error
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.studies.predict.settings import Settings

GROUP = "Accuracy"
EXAMPLES = ("lightbench predict mobilenet_v1_cifar --weights best.pt image.png",)


@click.command("predict", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=Typed())
@click.option(
    "--weights",
    type=Typed(),
    metavar="FILE",
    help="A file of weights, or torchvision:DEFAULT. Default: those that the network's code gives it.",
)
@settings_options(Settings)
@click.option("--input", metavar="INPUT", help="Input of a network of your own: 3x32x32.")
@axis_options("device")
@TIMEOUT
@FIGURE
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@output_options
def command(
    model: str,
    images: tuple[str, ...],
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """The classes that a trained network sees in images, with their probabilities.

    IMAGE is a file, or a folder of images. Images are made ready as in training, which stands beside weights
    of `lightbench train` and of torchvision; where it does not, the answer says what was assumed. Softmax
    is taken once, also of a network that ends in it.

    A damaged image is a row that says so, and the exit code is 3, or 2 if there is no other. In folders
    files that are no images are skipped.
    """
    chosen_format(form, output)
    check_figure(figure)
    context = click.get_current_context()
    refuse_overwriting(context, _in_folders(images, figure, output))
    from lightbench.studies.predict.api import predict  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = predict(model, *images, say=report.say, **asked(settings))
    if without := sum(image.problem is not None for image in found.images):
        say_error(f"{without:,} of {len(found.images):,} images have no answer.")
    if without < len(found.images):
        draw(found.plot, figure, quiet=quiet)
    emit(found.view, form, output)
    return found.exit_code


def _in_folders(images: tuple[str, ...], *outputs: Path | None) -> Iterator[Use]:
    """Outputs that are there already, in a folder of images: they may be among these."""
    folders = [place for place in images if Path(place).is_dir()]
    for output in (one for one in outputs if one is not None and one.is_file()):
        for folder in folders:
            if Path(os.path.realpath(output)).is_relative_to(os.path.realpath(folder)):
                yield Use("read", output, repr(folder), f"is in {folder!r}")
