"""Throughput against latency as the batch, the threads, the resolution or the width grows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model
from lightbench.cli.options import (
    TIMEOUT,
    axis_options,
    input_options,
    output_options,
    settings_options,
)
from lightbench.cli.output import read_records
from lightbench.cli.study_command import (
    FIGURE,
    check_only_shown,
    check_outputs,
    failures,
    measured,
    show,
    study_options,
)
from lightbench.errors import UsageError
from lightbench.studies.scaling.settings import Settings

GROUP = "Measure"
EXAMPLES = ("lightbench scaling mobilenet_v2 --threads 1",)
MARKED = True


@click.command("scaling", cls=Guarded)
@click.argument(
    "models", nargs=-1, metavar="MODEL...", type=Model(), shell_complete=complete.models
)
@axis_options("batch", "threads", several=True)
@settings_options(Settings)
@axis_options("device", "engine", "dtype", "calibration", "mode", "layout", several=True)
@input_options
@TIMEOUT
@study_options
@FIGURE
@output_options
def command(
    models: tuple[str, ...],
    path: str | None,
    source: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """Throughput against latency as the batch, the threads, the resolution or the width grows.

    One of --batch, --threads, --resolution and --width has several values; without any the batch grows
    from 1 to 16. Several models, engines or precisions are so many series. The table shows latency,
    images a second, how efficiently each point uses what it is given, and the knee, beyond which more no
    longer pays. A point that runs out of memory ends its series: what is larger is not tried.
    """
    if source is not None:
        check_only_shown("models", "figure")
    elif not models:
        raise UsageError("no model is named.", "Try `lightbench scaling mobilenet_v2`.")
    check_outputs(form, output, path, figure)
    from lightbench.studies.scaling.table import scaling_view

    if source is not None:
        records = [r for r in read_records(source) if not models or r.case.model in models]
        view, code = scaling_view(records), failures(records)
        if not view.table.rows:
            raise UsageError(f"in {source!r} nothing grows.", "Try without --from.")
    else:
        from lightbench.studies.scaling.api import scaling  # imports torch

        records, code = measured(partial(scaling, *models), path, settings, quiet=quiet)
        view = scaling_view(records)
    drawing = ("scaling", records)
    show(view, form, output, drawing=drawing, figure=figure, quiet=quiet)
    return code
