"""What each layer of a network costs, and with --measure how long it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from lightbench.cli._options import (
    chosen_format,
    data_only,
    emit,
    input_options,
    output_options,
    setup_options,
)
from lightbench.cli._progress import reports
from lightbench.cli._study import check_figure
from lightbench.errors import UsageError
from lightbench.exporters import View

KEYS = {"madds": "madds", "mac": "mem_bytes", "fused": "fused_bytes", "time": "time_s"}
UNTIMED = ("model", "measure", "sort", "top", "batch", "quiet", "shapes", "form", "output")


@click.command("layers")
@click.argument("model")
@click.option("--measure", is_flag=True, help="Time every operator, beside the whole network.")
@click.option(
    "--by",
    type=click.Choice(["kind", "op", "module"]),
    help="Group operators: kind (as Figure 2 of the ShuffleNet V2 paper), operator, or module.",
)
@click.option(
    "--sort", type=click.Choice(list(KEYS)), help="Dearest first; without it, as they run."
)
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows.")
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Time to measure.")
@click.option("--seed", type=int, help="Fixes the random order of the rounds.")
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the time by kind of operator: .svg or .png.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@setup_options
@input_options
@output_options
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    measure: bool,  # noqa: FBT001
    by: str | None,
    sort: str | None,
    top: int | None,
    batch: int,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    shapes: tuple[str, ...],
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """What each layer of a network costs, and with --measure how long it takes.

    One row per operator, in the order in which they run. With --measure, rounds of two: one pass in
    which the device's clock stops the time of every operator, and one call as always; what the
    operators add up to is held against that call. Options about time need --measure.
    """
    chosen_format(form, output)
    if not measure:
        _refuse_time(context, sort)
        view = _costs(model, sort, top, input=shapes, batch=batch)
    else:
        check_figure(figure)
        settings |= {"input": shapes, "batch": batch}
        view = _times(model, by, sort, top, figure, quiet=quiet, **settings)
    emit(view, form, output)


def _refuse_time(context: click.Context, sort: str | None) -> None:
    """Raises UsageError for an option that the user gave and that is about time."""
    given = [
        option.opts[-1]
        for option in context.command.params
        if option.name not in UNTIMED
        and context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if sort == "time":
        given.append("--sort time")
    if given:
        raise UsageError(
            f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} about measured time.",
            "Add --measure.",
        )


def _cut(rows: list[Any], sort: str | None, top: int | None) -> list[Any]:
    if sort:
        rows.sort(key=lambda row: getattr(row, KEYS[sort]), reverse=True)
    return rows[:top]


def _costs(model: str, sort: str | None, top: int | None, **settings: Any) -> View:
    from lightbench.api import count  # imports torch

    with data_only():
        counted = count(model, **settings)
    return counted.layers_view(_cut(list(counted.layers), sort, top))


def _times(
    model: str,
    by: str | None,
    sort: str | None,
    top: int | None,
    figure: Path | None,
    *,
    quiet: bool,
    **settings: Any,
) -> View:
    from lightbench.breakdown import measure_layers  # imports torch

    with reports(quiet=quiet) as report, data_only():
        found = measure_layers(model, say=report.say, progress=report.progress, **settings)
    if figure:
        from lightbench.plots import save
        from lightbench.plots._breakdown import draw

        save(draw([found.breakdown]), figure)
        click.echo(f"lightbench: wrote {figure}", err=True)
    return found.by(by, _cut(found.parts(by), sort, top))
