"""Which layers strain which guideline, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, RecordsFile, StoreFile, refuse_overwriting
from lightbench.cli.options import (
    TIMEOUT,
    asked,
    input_options,
    output_options,
    settings_options,
    setup_options,
)
from lightbench.cli.output import (
    chosen_format,
    data_only,
    emit,
    make_store,
    say_threads,
    warnings_said,
)
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw, own_card
from lightbench.errors import UsageError
from lightbench.records import store
from lightbench.studies.lint.settings import Settings

GROUP = "Understand"
EXAMPLES = ("lightbench lint net.py:Net", "lightbench lint mobilenet_v2 --verify --threads 1")


@click.command("lint", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option(
    "--card",
    type=RecordsFile(),
    help="A device card's file. Default: this machine's, if it has been made.",
)
@click.option("--verify", is_flag=True, help="Time each shown block with and without the cause.")
@click.option(
    "--try",
    "trial",
    is_flag=True,
    help="Rewrite the network as is advised, where that can be done by itself, and time it in pairs with the original.",
)
@settings_options(Settings, but=("verify", "trial"))
@click.option(
    "--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many to show."
)
@setup_options
@TIMEOUT
@click.option(
    "--store",
    "path",
    type=StoreFile(),
    help="Append the record, with all findings, to this file.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@input_options
@FIGURE
@output_options
def command(
    model: str,
    top: int,
    verify: bool,  # noqa: FBT001
    path: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """Which layers strain which guideline, and what that costs.

    G1: channels in and out differ. G2: group convolution. G3: many small operators in a block, and
    operators that take less time than their start. G4: activations, additions, shuffles, batch
    norms that could be folded, depthwise convolution.

    The cost is memory access, exact; and time, an estimate from the device card, if there is one.
    With --verify it is measured, too.

    With --try the network is rewritten as is advised, where that can be done by itself, and timed in pairs
    with the original: what it brings, and whether it answers the same or must be retrained. Layout,
    precision and engines that fuse are tried, too.

    With --engine onnxruntime, openvino or another runtime what that folds and merges is no finding, and
    what it does not run on its fast path is one, with its time where the engine tells it.
    """
    told = settings["engine"] not in (None, "eager")  # by the engine, in so many seconds
    if settings["seconds"] is not None and not (verify or settings["trial"] or told):
        raise UsageError(
            "--seconds is the time of --verify and --try.", "Add one of them, or leave it out."
        )
    chosen_format(form, output)
    make_store(path)
    check_figure(figure)
    from lightbench.studies.lint.api import lint as lint_model  # imports torch

    if settings["card"] is None and (output or path):
        refuse_overwriting(click.get_current_context(), (own_card("records", settings),))

    with reports(quiet=quiet) as report, data_only(quiet=quiet), warnings_said():
        found = lint_model(model, verify=top if verify else 0, say=report.say, **asked(settings))
    say_threads(quiet=quiet)
    if path:
        store.append(path, [found.record])
    draw(found.plot, figure, quiet=quiet)
    emit(found.shown(top), form, output)
