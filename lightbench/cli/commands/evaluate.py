"""How many images of a data set a network answers rightly, with certain weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, RecordsFile, ReplacedFile, StoreFile, Typed
from lightbench.cli.options import TIMEOUT, asked, axis_options, output_options
from lightbench.cli.output import data_only, read_records, say_threads
from lightbench.cli.progress import reports
from lightbench.cli.study_command import (
    FIGURE,
    check_figure,
    check_only_shown,
    check_outputs,
    draw,
    show,
)
from lightbench.errors import UsageError
from lightbench.figures.save import KNOWN
from lightbench.records import Record, store

GROUP = "Accuracy"
EXAMPLES = ("lightbench evaluate mobilenet_v1_cifar --weights best.pt --data digits",)
MARKED = True


@click.command("evaluate", cls=Guarded)
@click.argument("model", required=False, type=Model(), shell_complete=complete.models)
@click.option(
    "--weights",
    type=Typed(),
    multiple=True,
    metavar="FILE",
    help="A file of weights, or torchvision:DEFAULT; repeat it for several, such as one of each seed.",
)
@click.option(
    "--data",
    metavar="NAME[:PATH]",
    help="Its images for testing: digits, cifar10:PATH, imagefolder:PATH, ...; see `lightbench list data`.",
)
@axis_options("engine", "dtype", several=True)
@axis_options("calibration", "device", "threads", "layout")
@click.option(
    "--batch", type=int, metavar="N", help="Images that are answered at once. Default 100."
)
@click.option("--input", metavar="INPUT", help="Input of a network of your own: 3x32x32.")
@click.option("--classes", is_flag=True, help="Show the accuracy of each class.")
@FIGURE
@click.option(
    "--samples",
    type=ReplacedFile(),
    help=f"Draw 64 of the images with what is answered to them: {KNOWN}.",
)
@click.option("--store", "path", type=StoreFile(), help="Append records to this file.")
@click.option(
    "--from", "source", type=RecordsFile(), help="Evaluate nothing: show what this file holds."
)
@TIMEOUT
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@output_options
def command(
    model: str | None,
    classes: bool,  # noqa: FBT001
    figure: Path | None,
    samples: Path | None,
    path: str | None,
    source: str | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """How many images of a data set a network answers rightly, with certain weights.

    Top-1 with its Wilson interval, top-5, loss, calibration (ECE): every image for testing counts once.
    Several --weights are a row each, and their mean with its spread. With --engine eager,onnxruntime
    both are given the same images in one pass, and it is said how many they answer otherwise; --dtype
    int8 is calibrated on images for learning. --figure draws what is taken for what, and how far
    confidence can be trusted.

    \b
    lightbench evaluate mobilenet_v1_cifar --weights best.pt --data cifar10:data --store runs.jsonl
    """  # noqa: D301 - click wants the character
    if source is not None:
        check_only_shown("model", "classes", "figure")
    elif model is None or settings["data"] is None:
        what = "network" if model is None else "data set"
        raise UsageError(
            f"no {what} is named.",
            "Try `lightbench evaluate MODEL --weights FILE --data digits`.",
        )
    check_outputs(form, output, path, figure)
    check_figure(samples)
    if source is not None:
        records = _held(source, model)
    else:
        records = _evaluated(str(model), path, samples, settings, quiet=quiet)
    from lightbench.studies.evaluate.table import classes_view, evaluations_view

    view = classes_view(records) if classes else evaluations_view(records)
    show(view, form, output, drawing=("evaluate", records), figure=figure, quiet=quiet)


def _held(source: str, model: str | None) -> list[Record]:
    """The evaluations in a file, or those of one network. Raises StoreError, UsageError."""
    found = [r for r in read_records(source) if r.evaluation and model in (None, r.case.model)]
    if not found:
        raise UsageError(
            f"{source!r} holds no evaluation{f' of {model!r}' if model else ''}.",
            "Try `lightbench evaluate MODEL --weights FILE --data digits --store FILE`.",
        )
    return found


def _evaluated(
    model: str, path: str | None, samples: Path | None, settings: dict[str, Any], *, quiet: bool
) -> list[Record]:
    """The records of it, which are stored; and some of the images, drawn."""
    from lightbench.studies.evaluate.api import evaluate  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = evaluate(model, say=report.say, **asked(settings))
    if path is not None:
        store.append(path, found.records)
    draw(found.samples_figure, samples, quiet=quiet)
    say_threads(quiet=quiet)
    return list(found.records)
