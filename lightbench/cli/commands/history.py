"""Stored records over commits: where a metric changed its level. Advice, never a gate."""

from __future__ import annotations

from pathlib import Path

import click

from lightbench.cli.guarded import Guarded, RecordsFile
from lightbench.cli.options import output_options
from lightbench.cli.output import chosen_format, emit, warnings_said
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.studies.history.api import history
from lightbench.studies.history.entries import METRICS

GROUP = "Compare and gate"
EXAMPLES = ("lightbench history runs.jsonl --figure history.svg",)


@click.command("history", cls=Guarded)
@click.argument(
    "stores",
    nargs=-1,
    required=True,
    metavar="STORE.jsonl...",
    type=RecordsFile(),
)
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option(
    "--metric", type=click.Choice(METRICS), default="latency", show_default=True, help="Of what."
)
@click.option("--device", metavar="NAME", help="Only what ran here.")
@FIGURE
@click.option("-q", "--quiet", is_flag=True, help="Do not say what was written.")
@output_options
def command(
    stores: tuple[str, ...],
    models: tuple[str, ...],
    metric: str,
    device: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
) -> int:
    """Stored records over commits: where a metric changed its level. Advice, never a gate.

    The records come from files that `lightbench profile --store` wrote. A series is one case on one
    machine; new software does not begin another, and is said where it comes with a step. With one
    --model its commits are listed, too. The exit code is 0 whatever is found.
    """
    chosen_format(form, output)
    check_figure(figure)
    with warnings_said():
        found = history(*stores, models=models, metric=metric, device=device)
    draw(found.plot, figure, quiet=quiet)
    emit(found.view, form, output)
    return 0
