"""Devices that can be used here, and why others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lightbench.cli.guarded import Guarded
from lightbench.cli.options import output_options
from lightbench.cli.output import chosen_format, emit
from lightbench.devices.support.inventory import Found, automatic, data, everything
from lightbench.units import size
from lightbench.views.table import Column, Table, View

GROUP = "Set up and look up"
EXAMPLES = ("lightbench devices",)

COLUMNS = (
    Column("device", "device", align="left"),
    Column("usable", "usable", lambda usable: "yes" if usable else "no", align="left"),
    Column("product", "product", align="left", drop=1),
    Column("memory_bytes", "memory", size, drop=2),
    Column("note", "note", align="left", drop=3),
    Column("torch_device", "torch", align="left", shown=False),
    Column("reason", "reason", align="left", shown=False),
    Column("hint", "next step", align="left", shown=False),
)


def view(found: Sequence[Found]) -> View:
    """The devices for people and for programs; reasons stand below the table, where they have room."""
    auto = automatic(found)
    rows = tuple(
        (
            one.device,
            one.usable,
            one.product,
            one.memory_bytes,
            _note(one, auto),
            one.torch_device,
            one.reason or None,
            one.hint or None,
        )
        for one in found
    )
    why = (f"{one.device}: {one.reason} {one.hint}".rstrip() for one in found if not one.usable)
    notes = (f"--device auto takes {auto}.",)
    return View(Table("Devices", COLUMNS, rows, notes, tuple(why)), data(found))


def _note(one: Found, auto: str) -> str:
    if not one.usable:
        return "see below"
    if one.device == auto:
        return "taken by --device auto"
    return "" if one.product else one.about.rstrip(".").partition(":")[0]


@click.command("devices", cls=Guarded)
@output_options
def command(form: str | None, output: Path | None) -> None:
    """Devices that can be used here, and why others cannot.

    Nothing is started on them. What is not usable is listed with the reason and the next step.
    """
    chosen_format(form, output)
    emit(view(everything()), form, output)
