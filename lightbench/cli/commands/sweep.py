"""One thing varied, all else equal: groups, ratio, kernel, activation, batch and more."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded
from lightbench.cli.options import output_options, settings_options, setup_options
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
from lightbench.studies.sweep.settings import Settings

GROUP = "Measure"
EXAMPLES = ("lightbench sweep groups --threads 1",)


@click.command("sweep", cls=Guarded)
@click.argument("axis", shell_complete=complete.axes)
@settings_options(Settings)
@setup_options
@study_options
@FIGURE
@output_options
def command(
    axis: str,
    path: str | None,
    source: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """One thing varied, all else equal: groups, ratio, kernel, activation, batch and more.

    AXIS is ratio, groups, kernel, kind, resolution, batch, activation, excite (squeeze-and-excite),
    shuffle, loop (a loop of convolutions or one grouped) or branches. Ten layers of each point are
    timed in rounds of random order and compared with the first round by round; the crossover is
    the first point that is slower by more than its interval.
    """
    if source is not None:
        check_only_shown("axis", "figure")
    check_outputs(form, output, path, figure)
    if source is not None:
        records = [r for r in read_records(source) if r.sweep and r.sweep.experiment == axis]
        if not records:
            raise UsageError(f"{source!r} holds no sweep {axis!r}.", "Try without --from.")
        code = failures(records)
    else:
        from lightbench.studies.sweep.api import sweep as run_sweep  # imports torch

        records, code = measured(partial(run_sweep, axis), path, settings, quiet=quiet)
    from lightbench.studies.sweep.table import sweep_view

    drawing = ("sweep", records)
    show(sweep_view(records), form, output, drawing=drawing, figure=figure, quiet=quiet)
    return code
