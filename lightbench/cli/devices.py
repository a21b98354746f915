"""Devices that can be used here, and why others cannot."""

from __future__ import annotations

from pathlib import Path

import click

from lightbench import inventory
from lightbench.cli._files import Guarded
from lightbench.cli._options import chosen_format, emit, output_options


@click.command("devices", cls=Guarded)
@output_options
def command(form: str | None, output: Path | None) -> None:
    """Devices that can be used here, and why others cannot.

    Nothing is started on them. What is not usable is listed with the reason and the next step.
    """
    chosen_format(form, output)
    emit(inventory.view(inventory.everything()), form, output)
