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
from lightbench.cli.guarded import (
    Guarded,
    Model,
    ReadFile,
    RecordsFile,
    ReplacedFile,
    StoreFile,
    Typed,
)
from lightbench.cli.options import (
    SEED,
    SHOWS,
    TIMEOUT,
    asked,
    input_options,
    output_options_but,
    settings_options,
    setup_options,
)
from lightbench.cli.output import (
    chosen_format,
    data_only,
    emit,
    make_room,
    make_store,
    notice,
    read_records,
)
from lightbench.cli.progress import reports
from lightbench.cli.study_command import check_figure, draw
from lightbench.errors import UsageError
from lightbench.figures.save import KNOWN
from lightbench.records import Record, store
from lightbench.studies.count.layers import Layers
from lightbench.studies.layers.settings import Settings
from lightbench.studies.layers.table import SORTS, dearest
from lightbench.studies.layers.trace import trace_text
from lightbench.studies.roofline.among import check_held
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
    "by",
    "depth",
    "formula",
    "top",
    "batch",
    "figure",
    "quiet",
    "input",
    *SHOWS,
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
    *(SHOWS - {"sort"}),
)


@click.command("layers", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option("--measure", is_flag=True, help="Time every operator, beside the whole network.")
@click.option(
    "--by",
    type=click.Choice(["kind", "group", "op", "module"]),
    help="Add operators up: by kind, in the four groups of the ShuffleNet V2 paper's Figure 2, by operator, or by module.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    help="The tree of modules, so many levels deep, each with all that is in it.",
)
@click.option(
    "--formula",
    is_flag=True,
    help="How each operator comes to its MAdds, and its ratio to the dense convolution.",
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
    help="Draw the largest layers, with --by group the time of each group of operators, or --filters:"
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
    "--roofline",
    type=RecordsFile(),
    help="Say what bounds each row, by the peaks of this file, which `lightbench roofline --store` made."
    " Default: those in --store.",
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
    depth: int | None,
    formula: bool,  # noqa: FBT001
    sort: str | None,
    top: int | None,
    figure: Path | None,
    filters: tuple[str, ...],
    weights: str | None,
    image: Path | None,
    trace: Path | None,
    path: str | None,
    roofline: str | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """What each layer of a network costs, and with --measure how long it takes.

    One row per operator, in the order in which they run. With --measure, rounds of two: one pass in
    which the device's clock stops the time of every operator, and one call as always; what the
    operators add up to is held against that call. Options about time need --measure. With the peaks of the
    device each row says what bounds it: compute, memory, or launch.

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
    _check_shape(context, by, depth, formula=formula)
    if not (measure or trace):
        _refuse_time(context, sort)
        check_figure(figure)
        costly = asked(settings, "input", "batch")
        layers = _counted(model, figure, quiet=quiet, **costly)
        emit(_costs(layers, by, depth, sort, top, formula=formula), form, output)
        return
    check_figure(figure)
    if trace and trace.suffix.lower() != ".json":
        raise UsageError(f"a trace is JSON, {trace.name!r} is not.", "Try --trace trace.json.")
    if trace and settings["engine"] not in (None, "eager"):
        raise UsageError("a trace shows operators as eager runs them.", "Leave --engine out.")
    make_room(trace)
    make_store(path)
    peaks = _peaks(roofline, path)
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
    from lightbench.studies.roofline.why import why_of

    why = why_of(found.record, peaks)
    if depth is not None:
        emit(found.tree(depth, why=why), form, output)
    else:
        emit(found.by(by, dearest(found.parts(by), sort, top), why=why), form, output)


def _peaks(file: str | None, store_path: str | None) -> list[Record]:
    """What may hold the peaks of the device: this file, or else the store. Raises StoreError, UsageError."""
    if file is None:
        return read_records(store_path) if store_path and Path(store_path).exists() else []
    held = read_records(file)
    check_held(held, repr(file))
    return held


def _check_shape(
    context: click.Context, by: str | None, depth: int | None, *, formula: bool
) -> None:
    """Raises UsageError for several answers at once, and for options that one of them does not have."""
    asked_for = {"--by": by, "--depth": depth is not None, "--formula": formula}
    several = [name for name, given in asked_for.items() if given]
    if len(several) > 1:
        raise UsageError(
            f"{' and '.join(several)} are answers of their own.", f"Leave {several[1]} out."
        )
    unsorted = {"sort", "top"} if depth is not None else set()
    if formula:
        unsorted = {param.name or "" for param in context.command.params} - {*UNTIMED} | {"measure"}
    for option in context.command.params:
        typed = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if typed and option.name in unsorted:
            raise UsageError(
                f"{several[0]} has no use for {option.opts[-1]}.", f"Leave {option.opts[-1]} out."
            )


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


def _counted(model: str, figure: Path | None, *, quiet: bool, **settings: Any) -> Layers:
    """The layers, and the figure of what they cost."""
    from lightbench.studies.count.api import count  # imports torch
    from lightbench.studies.layers.figure import draw as drawn

    with data_only(quiet=quiet):
        counted = count(model, **settings)
    draw(lambda: drawn([counted.record]), figure, quiet=quiet)
    return counted.layers


def _costs(
    layers: Layers,
    by: str | None,
    depth: int | None,
    sort: str | None,
    top: int | None,
    *,
    formula: bool,
) -> View:
    if depth is not None:
        return layers.tree(depth)
    if by is not None:
        return layers.by(by, dearest(layers.groups(by), sort, top))
    if formula:
        return layers.formulas(dearest([op for op in layers if op.madds], sort, top))
    return layers.of(dearest(layers, sort, top))


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
