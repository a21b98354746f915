"""What was found as a table: the network that is nearest to the target, and the steps beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lightbench import units
from lightbench.records import Costs
from lightbench.studies.fit.setting import written
from lightbench.views.table import Column, Table, View

METRICS = {"madds": "MAdds", "params": "params"}
STEPS = "Channels are whole numbers, so costs go in steps: what lies between two rows costs as one of them."


class Step(NamedTuple):
    """A network that can be built: its name, the number in it, and its costs. ``off`` is how far those are from the
    target, as a fraction."""

    model: str
    value: float
    costs: Costs
    off: float


def fit_view(parameter: str, metric: str, target: float, model: str, steps: Sequence[Step]) -> View:
    """One row a step, from the cheapest; the nearest is marked."""
    nearest = min(steps, key=lambda step: abs(step.off))
    columns = (
        Column("model", "model", align="left", shown=False),
        Column("value", parameter, written),
        Column("params", "params", scale=units.COUNTS),
        Column("madds", "MAdds", scale=units.COUNTS),
        Column("mem_access", "paper mem", scale=units.COUNTS, drop=2),
        Column("mem_bytes", "eager mem", scale=units.BYTES, drop=3),
        Column("off", "off target", units.signed_percent),
        Column("step", "step", align="left"),
    )
    ordered = sorted(steps, key=lambda step: getattr(step.costs, metric))
    rows = tuple(
        (
            step.model,
            step.value,
            step.costs.params,
            step.costs.madds,
            step.costs.mem_access,
            step.costs.mem_bytes,
            step.off,
            _place(step, nearest, metric),
        )
        for step in ordered
    )
    title = f"{model} nearest to {units.count(target)} {METRICS[metric]}"
    found = f"{nearest.model} has {units.count(getattr(nearest.costs, metric))} {METRICS[metric]}."
    table = Table(title, columns, rows, (STEPS,), (found,))
    keys = [column.key for column in columns]
    return View(table, [dict(zip(keys, row, strict=True)) for row in rows])


def _place(step: Step, nearest: Step, metric: str) -> str:
    if step is nearest:
        return "nearest"
    return "cheaper" if getattr(step.costs, metric) < getattr(nearest.costs, metric) else "dearer"
