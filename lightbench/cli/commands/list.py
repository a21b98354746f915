"""Names to use: models, devices, engines, data, conventions, guidelines, axes, formats, studies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from lightbench import registry
from lightbench.cli.guarded import Guarded
from lightbench.cli.options import COUNT, output_options
from lightbench.cli.output import chosen_format, data_only, emit
from lightbench.cli.progress import reports
from lightbench.engines.support import named
from lightbench.errors import UsageError
from lightbench.models import sources
from lightbench.views.table import Column, Table, View

GROUP = "Set up and look up"
EXAMPLES = ("lightbench list models", "lightbench list models --near 140M")

Rows = Iterable[tuple[str, str]]


def _models() -> Rows:
    for name, family in sources.own_names().items():
        yield name, registry.summary(sources.FAMILY, family).partition(" (")[0]


def _plugins(kind: str) -> Callable[[], Rows]:
    return lambda: ((name, registry.summary(kind, name)) for name in registry.names(kind))


def _engines() -> Rows:
    for name in registry.names("engine"):
        yield name, registry.summary("engine", name)
        for option, about in named.known(name).items():
            yield f"{name}:{option}", about


def _conventions() -> Rows:
    from lightbench.costs.conventions import CONVENTIONS

    return ((name, convention.says) for name, convention in CONVENTIONS.items())


def _axes() -> Rows:
    from lightbench.studies.sweep.axes import AXES

    return ((name, axis.about) for name, axis in AXES.items())


LISTS: dict[str, Callable[[], Rows]] = {
    "models": _models,
    "devices": _plugins("device"),
    "engines": _engines,
    "data": _plugins("data set"),
    "conventions": _conventions,
    "guidelines": _plugins("guideline"),
    "axes": _axes,
    "formats": _plugins("format"),
    "studies": _plugins("study"),
}
MORE = {
    "studies": (
        "Tables of a suite: `lightbench report --suite FILE` measures them beside profiles.",
    ),
    "models": (
        "Also: torchvision:NAME, timm:NAME, stack:NAME (--from shows them), path/file.py:Class.",
    ),
}


@click.command("list", cls=Guarded)
@click.argument("what", metavar="WHAT", type=click.Choice(list(LISTS)))
@click.option(
    "--from",
    "library",
    type=click.Choice(["torchvision", "timm", "stack"]),
    help="Models of a library.",
)
@click.option(
    "--cost",
    is_flag=True,
    help="Models with their params, MAdds, memory access and published top-1.",
)
@click.option(
    "--near", type=COUNT, help="The same, of about so many MAdds: 140M; the nearest first."
)
@output_options
def command(
    what: str,
    library: str | None,
    cost: bool,  # noqa: FBT001
    near: float | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Names to use: models, devices, engines, data, conventions, guidelines, axes, formats, studies."""
    if library and what != "models":
        raise UsageError("--from is for models.", f"Try `lightbench list models --from {library}`.")
    if cost or near:
        if what != "models":
            raise UsageError(
                "--cost and --near are for models.", "Try `lightbench list models --cost`."
            )
        chosen_format(form, output)
        emit(_costs(library, near), form, output)
        return
    if library:
        rows: list[tuple[str, str]] = [
            (f"{library}:{name}", "") for name in sources.library_names(library)
        ]
    else:
        rows = list(LISTS[what]())
    columns = (
        Column("name", "name", align="left"),
        Column("about", "about", align="left", prose=True, drop=2),
    )
    notes = () if library else MORE.get(what, ())
    table = Table(what.capitalize(), columns, tuple(rows), notes)
    emit(View(table, [{"name": name, "about": about} for name, about in rows]), form, output)


def _costs(library: str | None, madds: float | None) -> View:
    """What all networks cost; of about so many multiply-adds the nearest first."""
    from lightbench.studies.count import known  # imports torch
    from lightbench.studies.count.known_table import known_view

    with reports(quiet=False) as report, data_only(quiet=False):
        found = known.costs_of(known.names(library), report.say)
    if not madds:
        return known_view(found)
    alike = found if library else known.usual(found)
    others = sum(one.madds is not None for one in found) - sum(
        one.madds is not None for one in alike
    )
    return known_view(known.near(alike, madds), madds, others)
