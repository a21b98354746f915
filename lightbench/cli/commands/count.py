"""Params, MAdds and memory access: exact, and without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lightbench.cli import complete
from lightbench.cli.guarded import Guarded, Model, StoreFile
from lightbench.cli.options import TIMEOUT, asked, axis_options, input_options, output_options
from lightbench.cli.output import chosen_format, data_only, emit, exit_code, make_store, say_error
from lightbench.cli.progress import reports
from lightbench.cli.study_command import FIGURE, check_figure, draw
from lightbench.errors import LightbenchError, UnknownName, UsageError
from lightbench.records import store

GROUP = "Measure"
EXAMPLES = (
    "lightbench count shufflenet_v2_x1_0 mobilenet_v2",
    "lightbench count net.py:Net --input 3x96x96 --convention all",
)


@click.command("count", cls=Guarded)
@click.argument(
    "models",
    nargs=-1,
    required=True,
    metavar="MODEL...",
    type=Model(),
    shell_complete=complete.models,
)
@click.option(
    "--convention",
    metavar="NAME",
    shell_complete=complete.conventions,
    help="A name of `lightbench list conventions`, or all.",
)
@click.option("--crosscheck", is_flag=True, help="Run the installed thop and fvcore, and compare.")
@axis_options("batch")
@TIMEOUT
@click.option("--strict", is_flag=True, help="An operator without a cost rule is an error.")
@click.option(
    "--store",
    "path",
    type=StoreFile(),
    help="Append a record with what --crosscheck found to this file.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress, and nothing of what networks print."
)
@input_options
@FIGURE
@output_options
def command(
    models: tuple[str, ...],
    convention: str | None,
    crosscheck: bool,  # noqa: FBT001
    strict: bool,  # noqa: FBT001
    path: str | None,
    figure: Path | None,
    quiet: bool,  # noqa: FBT001
    form: str | None,
    output: Path | None,
    **settings: Any,
) -> int:
    """Params, MAdds and memory access: exact, and without weights, data or device.

    With --convention, what another counter would say, and where the difference lies, item by item.
    """
    from lightbench.costs.conventions import CONVENTIONS

    if convention is not None and convention != "all" and convention not in CONVENTIONS:
        raise UnknownName("convention", convention, [*CONVENTIONS, "all"])
    if path and not crosscheck:
        raise UsageError("--store is for what --crosscheck finds.", "Add --crosscheck.")
    chosen = chosen_format(form, output)
    make_store(path)
    check_figure(figure)
    from lightbench.studies.count.api import count  # imports torch
    from lightbench.studies.count.figure import draw as drawn
    from lightbench.studies.count.table import conventions_view, counts_view

    counted, failures, reasons = [], [], {}
    for model in models:
        try:
            with data_only(quiet=quiet):
                counted.append(count(model, strict=strict, **asked(settings)))
        except LightbenchError as error:
            if len(models) == 1:
                raise
            failures.append(error.exit_code)
            reasons[model] = error.message
            say_error(f"{model}: {error}")
    if not counted and chosen == "table":
        return exit_code(failures, len(models))
    batches = {one.case.batch for one in counted}  # a model file may have one of its own
    batch = ", ".join(map(str, sorted(batches))) or asked(settings).get("batch", 1)
    title = f"Costs at batch {batch}"
    if counted and (convention or crosscheck):
        tools = ["paper", "thop", "fvcore"]
        names = list(CONVENTIONS) if convention == "all" else [convention] if convention else tools
        rows = []
        with reports(quiet=quiet) as report, data_only(quiet=quiet):
            for one in counted:
                report.say(f"{one.model}: conventions")
                rows += one.conventions(names, check=crosscheck)
                if path:
                    store.append(path, [one.checked()])
        view = conventions_view(rows, f"MAdds at batch {batch}, by convention")
    else:
        view = counts_view([(one.model, one.costs) for one in counted], title, reasons)
    records = [one.record for one in counted] if figure else []
    draw(lambda: drawn(records), figure, quiet=quiet)
    emit(view, form, output)
    return exit_code(failures, len(models))
