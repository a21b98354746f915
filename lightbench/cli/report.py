"""Records as one Markdown file with its figures beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench import registry
from lightbench.cli._options import make_room, read_records, write
from lightbench.cli.profile import measure
from lightbench.errors import UsageError
from lightbench.exporters import Column, Table, View, profile_view
from lightbench.records import Record

FIGURES = ("latency",)


@click.command("report")
@click.argument("files", nargs=-1, metavar="[RECORDS.jsonl...]")
@click.option("--suite", type=click.Path(path_type=Path), help="Measure this suite first.")
@click.option("--store", "path", help="Keep the suite's records here, and measure nothing twice.")
@click.option("--device", help="Where to run the suite. Default cpu.")
@click.option("--trust-code", is_flag=True, help="Run Python files that the suite names.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The Markdown file; without it the report goes to stdout, without figures.",
)
def command(
    files: tuple[str, ...],
    suite: Path | None,
    path: str | None,
    device: str | None,
    trust_code: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    output: Path | None,
) -> int:
    """Records as one Markdown file with its figures beside it.

    The records come from files that `lightbench profile --store` wrote, or from a suite that is
    measured now. Stored records are only read: no code that they name is run.
    """
    if suite is None and not files:
        raise UsageError("there is nothing to report.", "Name a store, or a suite with --suite.")
    if output is not None and output.suffix.lower() != ".md":
        raise UsageError(f"a report is Markdown, {output.name!r} is not.", "Try -o report.md.")
    make_room(output, path)
    records = [record for file in files for record in read_records(file)]
    code = 0
    if suite is not None:
        settings: dict[str, Any] = {"device": device} if device else {}
        measured, code = measure((), suite, settings, path=path, trusted=trust_code, quiet=quiet)
        records += measured
    drawn = _figures(records, output) if output else {}
    text = _render(records, drawn)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)
    return code


def _figures(records: list[Record], output: Path) -> dict[str, str]:
    """Draw what can be drawn: figure -> file name beside the report."""
    from lightbench.plots._save import save  # imports matplotlib

    if not any(record.latency for record in records):
        return {}
    drawn = {}
    for name in FIGURES:
        figure = registry.load("figure", name).draw(records)
        file = output.with_name(f"{output.stem}-{name}.svg")
        save(figure, file)
        drawn[name] = file.name
    return drawn


def _render(records: list[Record], figures: dict[str, str]) -> str:
    render = registry.load("format", "markdown").render
    parts = [render(profile_view(records))]
    parts += [f"![{name}]({file})\n" for name, file in figures.items()]
    parts += [render(view) for view in _environments(records)]
    return "\n".join(parts)


def _environments(records: list[Record]) -> list[View]:
    """Each machine and software once: what must be equal before times may be compared."""
    columns = (Column("fact", "fact", align="left"), Column("value", "value", str, align="left"))
    distinct: dict[tuple[tuple[str, Any], ...], None] = {}
    for record in records:
        distinct[tuple(record.environment.comparable.items())] = None
    return [View(Table("Environment", columns, facts), dict(facts)) for facts in distinct]
