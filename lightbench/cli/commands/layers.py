"""What each layer of a network costs, and with --measure how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from lightbench import files
from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, ReadFile, ReplacedFile, StoreFile, Typed
from lightbench.cli.options import (
    SEED,
    TIMEOUT,
    asked,
    input_options,
    output_options_but,
    settings_options,
    setup_options,
)
from lightbench.cli.output import chosen_format, data_only, emit, make_room, make_store, notice
from lightbench.cli.progress import reports
from lightbench.cli.study_command import check_figure, draw
from lightbench.errors import UsageError
from lightbench.figures.save import KNOWN
from lightbench.records import store
from lightbench.studies.layers.settings import Settings
from lightbench.studies.layers.table import SORTS, dearest
from lightbench.studies.layers.trace import trace_text
from lightbench.views.table import View

GROUP = "Measure"
EXAMPLES = (
    "lightbench layers shufflenet_v2_x1_0",
    "lightbench layers net.py:Net --measure --threads 1",
)

UNTIMED = (
    "model",
    "timeout",
    "measure",
    "sort",
    "top",
    "batch",
    "figure",
    "quiet",
    "input",
    "form",
    "output",
)
FILTERED = (
    "model",
    "filters",
    "weights",
    "image",
    "figure",
    "timeout",
    "quiet",
    "input",
    "form",
    "output",
)


@click.command("layers", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option("--measure", is_flag=True, help="Time every operator, beside the whole network.")
@click.option(
    "--by",
    type=click.Choice(["kind", "op", "module"]),
    help="Group operators: kind (as Figure 2 of the ShuffleNet V2 paper), operator, or module.",
)
@click.option(
    "--sort", type=click.Choice(list(SORTS)), help="Dearest first; without it, as they run."
)
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows.")
@settings_options(Settings)
@SEED
@TIMEOUT
@click.option(
    "--figure",
    type=ReplacedFile(),
    help="Draw the largest layers, with --by kind the time of each kind of operator, or --filters:"
    f" {KNOWN}.",
)
@click.option(
    "--filters",
    multiple=True,
    metavar="LAYER",
    help="Draw the filters of this convolution into --figure; repeat it for several.",
)
@click.option(
    "--weights",
    type=Typed(),
    metavar="FILE",
    help="With --filters: a file of weights, or torchvision:DEFAULT.",
)
@click.option(
    "--image", type=ReadFile(), help="With --filters: draw also what they make of this image."
)
@click.option(
    "--trace",
    type=ReplacedFile(),
    help="Write a typical call for ui.perfetto.dev or chrome://tracing; implies --measure.",
)
@click.option(
    "--store",
    "path",
    type=StoreFile(),
    help="Append the record, with the times of all operators, to this file.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@setup_options
@input_options
@output_options_but("sort")
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    measure: bool,  # noqa: FBT001
    by: str | None,
    sort: str | None,
    top: int | None,
    figure: Path | None,
    filters: tuple[str, ...],
    weights: str | None,
    image: Path | None,
    trace: Path | None,
    path: str | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """What each layer of a network costs, and with --measure how long it takes.

    One row per operator, in the order in which they run. With --measure, rounds of two: one pass in
    which the device's clock stops the time of every operator, and one call as always; what the
    operators add up to is held against that call. Options about time need --measure.

    With --engine onnxruntime or openvino, one row per module with what the engine merges into it: the
    shares of its own profile, of the time of undisturbed calls.

    With --filters nothing is counted: convolutions are drawn, by the names that this table has for them.
    """
    chosen_format(form, output)
    if filters or weights or image:
        _refuse_but(context, FILTERED)
        view = _filters(model, filters, weights, image, figure, settings["input"], quiet=quiet)
        emit(view, form, output)
        return
    if not (measure or trace):
        _refuse_time(context, sort)
        check_figure(figure)
        costly = asked(settings, "input", "batch")
        emit(_costs(model, sort, top, figure, quiet=quiet, **costly), form, output)
        return
    check_figure(figure)
    if trace and trace.suffix.lower() != ".json":
        raise UsageError(f"a trace is JSON, {trace.name!r} is not.", "Try --trace trace.json.")
    if trace and settings["engine"] not in (None, "eager"):
        raise UsageError("a trace shows operators as eager runs them.", "Leave --engine out.")
    make_room(trace)
    make_store(path)
    from lightbench.studies.layers.api import layers as measure_layers  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = measure_layers(
            model,
            say=report.say,
            progress=report.progress,
            **asked(settings),
        )
    if path:
        store.append(path, [found.record])
    draw(partial(found.plot, by), figure, quiet=quiet)
    if trace:
        files.write(trace, trace_text(found.record))
        notice(f"wrote {trace}", quiet=quiet)
    emit(found.by(by, dearest(found.parts(by), sort, top)), form, output)


def _refuse_but(context: click.Context, names: Sequence[str]) -> None:
    """Raises UsageError for an option that the user gave and that has none of these names."""
    given = _given(context, names)
    if given:
        raise UsageError(
            f"--filters draws weights, so {given[0]} has no meaning beside it.",
            f"Leave {given[0]} out.",
        )


def _given(context: click.Context, but: Sequence[str]) -> list[str]:
    """The options that the user gave, but for those of these names."""
    return [
        option.opts[-1]
        for option in context.command.params
        if option.name not in but
        and context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]


def _refuse_time(context: click.Context, sort: str | None) -> None:
    """Raises UsageError for an option that the user gave and that is about time."""
    given = _given(context, UNTIMED)
    if sort == "time":
        given.append("--sort time")
    if given:
        raise UsageError(
            f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} about measured time.",
            "Add --measure.",
        )


def _costs(
    model: str,
    sort: str | None,
    top: int | None,
    figure: Path | None,
    *,
    quiet: bool,
    **settings: Any,
) -> View:
    from lightbench.studies.count.api import count  # imports torch
    from lightbench.studies.layers.figure import draw as drawn

    with data_only(quiet=quiet):
        counted = count(model, **settings)
    draw(lambda: drawn([counted.record]), figure, quiet=quiet)
    return counted.layers_view(dearest(counted.layers, sort, top))


def _filters(
    model: str,
    names: Sequence[str],
    weights: str | None,
    image: Path | None,
    figure: Path | None,
    inputs: Sequence[str],
    *,
    quiet: bool,
) -> View:
    """Draw filters into ``figure``. Raises UsageError for what is missing beside them."""
    if not names:
        what = "--weights is" if weights else "--image is"
        raise UsageError(f"{what} for --filters.", "Add --filters LAYER --figure FILE.")
    if figure is None:
        raise UsageError("--filters draws: it needs a file.", "Add --figure filters.png.")
    if len(inputs) > 1:
        raise UsageError("an image is one input.", "Give --input once: --input 3x32x32.")
    check_figure(figure)
    from lightbench.studies.layers.filters import filters  # imports torch
    from lightbench.studies.layers.filters_drawing import draw as drawn

    with data_only(quiet=quiet):
        found = filters(model, names, weights=weights, image=image, input=next(iter(inputs), None))
    draw(lambda: drawn(found), figure, quiet=quiet)
    return found.view
