"""All networks that lightbench knows by name as a table: what they cost, and how accurate they are as published."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench import units
from lightbench.studies.count.known import Known
from lightbench.views.table import Column, Table, View

COLUMNS = (
    Column("model", "model", align="left"),
    Column("params", "params", scale=units.COUNTS),
    Column("madds", "MAdds", scale=units.COUNTS),
    Column("mem_access", "paper mem", scale=units.COUNTS, drop=2),
    Column("mem_bytes", "eager mem", scale=units.BYTES, drop=3),
    Column("top1", "top-1 (%)", units.number, sparse=True),
    Column("source", "top-1 of", align="left", drop=4),
    Column("input", "input", align="left", drop=1, common=True),
)
NOTES = (
    "MAdds: one fused multiply-add is 1; FLOPs are twice as many.",
    "top-1: on ImageNet, as published; mem: memory access: elements of what the paper counts, bytes as PyTorch runs it.",
)

OTHERS = "Made for another input and left out: {}. `lightbench list models --cost` has them all."


def known_view(known: Sequence[Known], near: float | None = None, others: int = 0) -> View:
    """One row a network, from the cheapest; with ``near`` in the order given. What could not be counted is said below,
    and how many ``others``, of another input, are left out."""
    counted = [one for one in known if one.madds is not None]
    if near is None:
        counted.sort(key=lambda one: (one.madds or 0, one.model))
    title = "Models by MAdds" if near is None else f"Models of about {units.count(near)} MAdds"
    rows = tuple(_row(one) for one in counted)
    failed = tuple(f"failed: {one.model}: {one.failure}" for one in known if one.failure)
    left_out = (OTHERS.format(units.exact(others)),) if others else ()
    keys = [column.key for column in COLUMNS]
    data = [dict(zip(keys, row, strict=True)) for row in rows]
    data += [{"model": one.model, "failure": one.failure} for one in known if one.failure]
    return View(Table(f"{title}, at batch 1", COLUMNS, rows, NOTES, (*failed, *left_out)), data)


def _row(one: Known) -> tuple[object, ...]:
    top1 = one.top1
    return (
        one.model,
        one.params,
        one.madds,
        one.mem_access,
        one.mem_bytes,
        top1 and top1.top1,
        top1 and top1.source,
        ", ".join(map(str, one.inputs)),
    )
