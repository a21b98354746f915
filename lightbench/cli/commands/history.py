"""Stored records over commits: where a metric changed its level. Advice, never a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from lightbench.cli.guarded import Guarded, RecordsFile, ReplacedFile
from lightbench.cli.options import output_options
from lightbench.cli.output import chosen_format, emit, notice, warnings_said
from lightbench.cli.study_command import check_figure
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.history.series import METRICS, Entry, histories, read_entries


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
@click.option("--figure", type=ReplacedFile(), help="Draw it: .svg or .png.")
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
        found = [entry for store in stores for entry in read_entries(store)]
    wanted = {"model": models, "device": (device,) if device else ()}
    _check_names(wanted, found)
    series = [
        one
        for one in histories(found, metric)  # of all: others show what became of the machine
        if all(getattr(one.case, part) in names for part, names in wanted.items() if names)
    ]
    if not series:
        raise UsageError(
            f"no record of {len(found)} has a {metric} that may be compared: of a profile, and undisturbed.",
            "Measure with `lightbench profile MODEL --store FILE.jsonl` on each commit.",
        )
    from lightbench.studies.history.table import history_view

    if figure:
        from lightbench.figures.save import save  # imports matplotlib
        from lightbench.studies.history.figure import draw_series

        save(draw_series(series), figure)
        notice(f"wrote {figure}", quiet=quiet)
    emit(history_view(series, commits=len(models) == 1), form, output)
    return 0


def _check_names(wanted: Mapping[str, Sequence[str]], found: Sequence[Entry]) -> None:
    """Raises UnknownName for a model or a device that no case has."""
    for part, names in wanted.items():
        known = {getattr(entry.case, part) for entry in found if not entry.anchor}
        for name in names:
            if name not in known:
                there = ", ".join(sorted(known)[:10])
                raise UnknownName(part, name, known, f"These records have: {there}.")
