"""The four guidelines of the ShuffleNet V2 paper, measured on this device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from lightbench import registry
from lightbench.cli import complete
from lightbench.cli.guarded import FigureFolder, Guarded
from lightbench.cli.options import output_options, settings_options, setup_options
from lightbench.cli.output import chosen_format, emit, make_room, make_store, read_records
from lightbench.cli.study_command import check_only_shown, draw, failures, measured, study_options
from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.studies.guidelines.plan import full_name, short_name
from lightbench.studies.guidelines.settings import Settings

GROUP = "Understand"
EXAMPLES = ("lightbench guidelines --threads 1 --store runs.jsonl",)


@click.command("guidelines", cls=Guarded)
@click.argument(
    "names",
    nargs=-1,
    metavar=f"[{' '.join(map(short_name, registry.names('guideline')))}]",
    shell_complete=complete.guidelines,
)
@settings_options(Settings)
@setup_options
@study_options
@click.option(
    "--figures",
    type=FigureFolder(),
    help="Draw a figure for each guideline into this folder.",
)
@output_options
def command(
    names: tuple[str, ...],
    path: str | None,
    source: str | None,
    figures: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """The four guidelines of the ShuffleNet V2 paper, measured on this device.

    G1 channel ratio, G2 group count, G3 fragmentation, G4 element-wise operators; also units (ten
    units of four networks) and operators (attained MAdds/s of four kinds of convolution).

    The networks of one sweep are timed in rounds of random order and compared round by round. Each
    guideline is found supported, contradicted, not detectable or launch-bound at each width.
    """
    if source is not None:
        check_only_shown("names", "figures")
    chosen_format(form, output)
    make_store(path)
    make_room(figures and figures / "g1.svg")
    wanted = [full_name(name) for name in names]
    if source is not None:
        records = [r for r in read_records(source) if _wanted(r, wanted)]
        code = failures(records)
    else:
        from lightbench.studies.guidelines.api import guidelines as run_guidelines  # imports torch

        records, code = measured(partial(run_guidelines, *names), path, settings, quiet=quiet)
    from lightbench.studies.guidelines.figure import draw as drawn
    from lightbench.studies.guidelines.figures import by_figure
    from lightbench.studies.guidelines.table import guidelines_view

    view = guidelines_view(records)
    if source is not None and not view.table.rows:
        raise UsageError(f"{source!r} holds no records of these guidelines.", "Measure them first.")
    if figures:
        for name, group in by_figure(records).items():
            draw(partial(drawn, group), figures / f"{name}.svg", quiet=quiet)
    emit(view, form, output)
    return code


def _wanted(record: Record, wanted: Sequence[str]) -> bool:
    return record.sweep is not None and (not wanted or record.sweep.experiment in wanted)
