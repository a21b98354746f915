"""The width with which a network has so many multiply-adds, or parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model
from lightbench.cli.options import COUNT, TIMEOUT, asked, input_options, output_options
from lightbench.cli.output import chosen_format, data_only, emit
from lightbench.cli.progress import reports

GROUP = "Understand"
EXAMPLES = (
    "lightbench fit mobilenet_v2 --madds 140M",
    "lightbench fit 'net.py:Net(width=?)' --params 3M",
)


@click.command("fit", cls=Guarded)
@click.argument("model", type=Model(), shell_complete=complete.models)
@click.option("--madds", type=COUNT, help="So many multiply-adds at batch 1: 140M.")
@click.option("--params", type=COUNT, help="So many parameters: 3M.")
@TIMEOUT
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@input_options
@output_options
def command(
    model: str,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> None:
    """The width with which a network has so many multiply-adds, or parameters.

    MODEL is one of ours that takes a width, or code with ? in place of the number that is looked for:
    'net.py:Net(width=?)'. Networks are counted, and nothing is run. The answer is the nearest that can be
    built, and the next cheaper and dearer ones: channels are whole numbers, so costs go in steps.
    """
    chosen_format(form, output)
    from lightbench.studies.fit.api import fit  # imports torch

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        found = fit(model, say=report.say, **asked(settings))
    emit(found.view, form, output)
