"""What each layer of a network costs: one row per operator."""

from __future__ import annotations

from pathlib import Path

import click

from lightbench.cli._options import chosen_format, data_only, emit, input_options, output_options

KEYS = {"madds": "madds", "mac": "mem_bytes", "fused": "fused_bytes"}


@click.command("layers")
@click.argument("model")
@click.option(
    "--sort", type=click.Choice(list(KEYS)), help="Dearest first; without it, as they run."
)
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows.")
@click.option("--batch", type=int, default=1, show_default=True, help="Batch size.")
@input_options
@output_options
def command(
    model: str,
    sort: str | None,
    top: int | None,
    batch: int,
    shapes: tuple[str, ...],
    form: str | None,
    output: Path | None,
) -> None:
    """What each layer of a network costs: one row per operator, in the order in which they run."""
    chosen_format(form, output)
    from lightbench.api import count  # imports torch

    with data_only():
        counted = count(model, input=shapes, batch=batch)
    ops = list(counted.layers)
    if sort:
        ops.sort(key=lambda op: getattr(op, KEYS[sort]), reverse=True)
    emit(counted.layers_view(ops[:top]), form, output)
