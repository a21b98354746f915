"""What this device attains: MAdds/s, bandwidth, launch overhead, and where groups begin to hurt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli.guarded import CardFile, Guarded, RecordsFile, refuse_overwriting
from lightbench.cli.options import SEED, asked, axis_options, output_options
from lightbench.cli.output import INTERRUPTED, notice, read_records, say_error
from lightbench.cli.study_command import (
    FIGURE,
    check_only_shown,
    check_outputs,
    lacking,
    measured,
    own_card,
    show,
)
from lightbench.records.axes import SETUP

GROUP = "Understand"
EXAMPLES = ("lightbench device-card --threads 1",)


@click.command("device-card", cls=Guarded)
@axis_options(*SETUP)
@SEED
@click.option(
    "--card",
    "path",
    type=CardFile(),
    help="Keep the card in this file. Default: your data folder.",
)
@click.option(
    "--from",
    "source",
    type=RecordsFile(),
    help="Measure nothing: show the card that this file holds.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@FIGURE
@output_options
def command(
    path: str | None,
    source: str | None,
    quiet: bool,  # noqa: FBT001
    figure: Path | None,
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """What this device attains: MAdds/s, bandwidth, launch overhead, and where groups begin to hurt.

    It takes a minute, is kept for this device, precision, layout and thread count, and makes the
    estimates of `lightbench lint`. Interrupted, it goes on from its finished parts the next time.
    """
    if source is not None:
        check_only_shown("figure")
    check_outputs(form, output, path, figure)
    if source is not None:
        records, code = read_records(source), 0
    else:
        from lightbench.studies.card.api import device_card as make_device_card  # imports torch

        if path is None:
            refuse_overwriting(click.get_current_context(), (own_card("kept", settings),))

        records, code = measured(make_device_card, None, {**settings, "path": path}, quiet=quiet)
    from lightbench.studies.card.card import card_of
    from lightbench.studies.card.table import card_view

    card = card_of(records)
    if code == INTERRUPTED and records:
        say_error("finished parts are kept: the same command goes on from there.")
    if card is None:
        return lacking("device card", records, code, source)
    drawing = ("card", records)
    show(card_view(card), form, output, drawing=drawing, figure=figure, quiet=quiet)
    if source is None and not code:
        from lightbench.studies.card.api import card_path

        notice(f"kept in {path or card_path(**asked(settings, *SETUP))}", quiet=quiet)
    return code
