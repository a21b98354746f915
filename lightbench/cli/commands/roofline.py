"""What this device can do at best, and how much of that each network attains."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model
from lightbench.cli.options import (
    TIMEOUT,
    input_options,
    output_options,
    settings_options,
    setup_options,
)
from lightbench.cli.output import read_records
from lightbench.cli.study_command import (
    FIGURE,
    check_only_shown,
    check_outputs,
    lacking,
    measured,
    show,
    study_options,
)
from lightbench.studies.roofline.settings import Settings

GROUP = "Understand"
EXAMPLES = ("lightbench roofline resnet18 --threads 1",)
MARKED = True


@click.command("roofline", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="[MODEL...]", type=Model(), shell_complete=complete.models
)
@click.option(
    "--layers", is_flag=True, help="Time every layer, too: see `lightbench layers --measure`."
)
@settings_options(Settings)
@setup_options
@TIMEOUT
@study_options
@FIGURE
@input_options
@output_options
def command(
    models: tuple[str, ...],
    layers: bool,  # noqa: FBT001
    path: str | None,
    source: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """What this device can do at best, and how much of that each network attains.

    The peaks, in about a minute: MAdds/s of matrix products and convolutions, GB/s of maps that stay in a
    cache and of those that do not. Each MODEL is timed in the same rounds; its roofline is the least time
    in which they let its operators be done, its efficiency that over the time it takes. With an
    --engine that merges operators it is what these move then, and its own peaks count beside eager's.
    """
    if source is not None:
        check_only_shown("figure")
    check_outputs(form, output, path, figure)
    if source is not None:
        records, code = read_records(source), 0
    else:
        from lightbench.studies.roofline.api import roofline  # imports torch

        settings["layers"] = layers or None
        records, code = measured(partial(roofline, *models), path, settings, quiet=quiet)
    from lightbench.studies.roofline.placed import found_in
    from lightbench.studies.roofline.table import roofline_view

    found = found_in(records)
    if found is None:
        return lacking("roofline", records, code, source)
    drawing = ("roofline", records)
    show(roofline_view(found), form, output, drawing=drawing, figure=figure, quiet=quiet)
    return code
