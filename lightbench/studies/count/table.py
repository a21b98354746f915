"""Costs as tables: networks, and the same network in every convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lightbench import units
from lightbench.records import Costs
from lightbench.views.table import Column, Table, View

MEM = "mem: memory access: elements of what the paper counts, bytes as PyTorch runs it, and fused."
ACCOUNTS = (
    "paper: convolution, linear and matmul rows, in elements (ShuffleNet V2: its MAC);"
    " eager: every operator as PyTorch runs it;"
    " fused: batch norm folded, activation and add merged."
)

OF_FILES = (
    "stored parameters: what a model file keeps, which are fewer than params where norms are folded.",
    "eager of a model file: each of its nodes by itself.",
)

COUNTS: tuple[Column, ...] = (
    Column("model", "model", align="left"),
    Column("params", "params", scale=units.COUNTS),
    Column("stored_params", "stored parameters", scale=units.COUNTS, sparse=True),
    Column("madds", "MAdds", scale=units.COUNTS),
    Column("mem_access", "paper mem", scale=units.COUNTS),
    Column("mem_bytes", "eager mem", scale=units.BYTES, drop=2),
    Column("fused_bytes", "fused mem", scale=units.BYTES, drop=3),
    Column("activations", "activations", scale=units.COUNTS, drop=5),
    Column("intensity", "MAdds/byte", units.number, drop=4),
)
# Beside which column stands how many times as much it is as the first network's.
RATIOS = {
    "params": Column("params_ratio", "ratio", units.factor, drop=1),
    "madds": Column("madds_ratio", "ratio", units.factor),
    "mem_access": Column("mem_ratio", "ratio", units.factor),
}


def counts_view(
    counted: Sequence[tuple[str, Costs]], title: str, failed: Mapping[str, str] | None = None
) -> View:
    """One row a network; one that could not be counted is a row of dashes, with the reason below."""
    reasons = failed or {}
    columns, rows = COUNTS, [(n, *(getattr(c, col.key) for col in COUNTS[1:])) for n, c in counted]
    if len(counted) > 1:
        columns, rows = _with_ratios(rows)
    rows += [(name, *[None] * (len(columns) - 1)) for name in reasons]
    failures = tuple(f"failed: {name}: {why}" for name, why in reasons.items())
    files = OF_FILES if any(c.stored_params is not None for _, c in counted) else ()
    ratio = (f"ratio: how many times as much as {counted[0][0]}.",) if len(counted) > 1 else ()
    data = [
        {"model": name, **{k: getattr(c, k) for k in c.__struct_fields__ if k != "ops"}}
        for name, c in counted
    ]
    own = {column.key for column in COUNTS}
    for one, row in zip(data, rows, strict=False):
        named = zip(columns, row, strict=True)
        one |= {column.key: value for column, value in named if column.key not in own}
    data += [{"model": name, "failure": why} for name, why in reasons.items()]
    table = Table(
        title,
        columns,
        tuple(rows),
        (*ratio, "MAdds: one fused multiply-add is 1; FLOPs are twice as many.", MEM),
        (*uncounted(counted), *failures),
        (ACCOUNTS, *files),
    )
    return View(table, data)


def _with_ratios(rows: list[tuple[Any, ...]]) -> tuple[tuple[Column, ...], list[tuple[Any, ...]]]:
    """The columns, and the rows, with ratios to the first row; nothing is so many times of 0."""
    columns = [one for column in COUNTS for one in (column, RATIOS.get(column.key)) if one]
    wide = []
    for row in rows:
        cells: list[Any] = []
        for column, value, first in zip(COUNTS, row, rows[0], strict=True):
            cells.append(value)
            if column.key in RATIOS:
                cells.append(value / first if first else None)
        wide.append(tuple(cells))
    return tuple(columns), wide


def uncounted(counted: Sequence[tuple[str, Costs]]) -> tuple[str, ...]:
    """A sentence for each operator that has no rule."""
    return tuple(
        f"not counted in {name}: {op}, {times} times (no rule; --strict makes this an error)."
        for name, costs in counted
        for op, times in costs.uncounted.items()
    )


class ConventionRow(NamedTuple):
    """One network in one convention; ``difference`` is item -> more than the first convention."""

    model: str
    convention: str
    says: str
    madds: int
    difference: Mapping[str, int]
    check: str = ""


CONVENTIONS = (
    Column("model", "model", align="left"),
    Column("convention", "convention", align="left"),
    Column("madds", "count", units.exact),
    Column("excess", "more than paper", units.signed),
    Column("check", "installed tool", align="left", drop=1),
)


def conventions_view(rows: Sequence[ConventionRow], title: str) -> View:
    """One row a network and convention; below, the difference to ``paper`` item by item."""
    models = {row.model for row in rows}
    model, *columns = CONVENTIONS
    said = {_itemised(r, named=len(models) > 1): bool(r.difference) for r in rows}
    table = Table(
        title if len(models) > 1 else f"{title}: {rows[0].model}",
        (replace(model, shown=len(models) > 1), *columns),
        tuple((r.model, r.convention, r.madds, _excess(r), r.check) for r in rows),
        notes=tuple(sentence for sentence, differs in said.items() if not differs),
        sentences=tuple(sentence for sentence, differs in said.items() if differs),
    )
    return View(table, [r._asdict() | {"excess": _excess(r)} for r in rows])


def _excess(row: ConventionRow) -> int:
    return sum(row.difference.values())


def _itemised(row: ConventionRow, *, named: bool) -> str:
    items = ", ".join(f"{item} {units.signed(n)}" for item, n in row.difference.items())
    of = f" of {row.model}" if named and items else ""
    return f"{row.convention} ({row.says}){of}" + (f" = paper, {items}" if items else "")
