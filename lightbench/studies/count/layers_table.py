"""What the operators of a network cost, as tables: one by one, in groups, by module, and how they come to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lightbench import units
from lightbench.costs.formulas import formula, of_dense, separable
from lightbench.records import Costs, Op
from lightbench.studies.count.groups import HEADINGS, NETWORK, Group, grouped
from lightbench.studies.count.sizes import Sizes
from lightbench.studies.count.table import uncounted
from lightbench.studies.count.tree import Module, branches
from lightbench.views.table import Column, Table, View, own_words

FUSED = "memory access with batch norms folded, activations and additions merged: 0 where the operator disappears."
PARAMS = Column(
    "params", "params", scale=units.COUNTS, drop=1, sparse=True, about="those that it reads first."
)
LAYERS = (
    Column("layer", "layer", align="left"),
    Column("call", "call", str, drop=9, shown=False),
    Column("op", "operator", align="left", drop=6),
    Column("kind", "kind", align="left", drop=3),
    Column("input", "input", units.shape, drop=7, align="left"),
    Column("output", "output", units.shape, drop=4, align="left"),
    PARAMS,
    Column("madds", "MAdds", scale=units.COUNTS),
    Column("mem_bytes", "mem", scale=units.BYTES),
    Column("fused_bytes", "fused", scale=units.BYTES, drop=5, about=FUSED),
    Column("intensity", "MAdds/byte", units.number, drop=2),
)
SUMS = (
    Column("params", "params", scale=units.COUNTS, sparse=True),
    Column("params_share", "of params", units.percent, drop=4, sparse=True),
    Column("madds", "MAdds", scale=units.COUNTS),
    Column("madds_share", "of MAdds", units.percent, drop=1),
    Column("mem_bytes", "mem", scale=units.BYTES),
    Column("mem_share", "of mem", units.percent, drop=5),
    Column("fused_bytes", "fused", scale=units.BYTES, drop=6, about=FUSED),
    Column("intensity", "MAdds/byte", units.number, drop=3),
)
OPERATORS = Column("operators", "operators", units.exact, drop=7)
FORMULAS = (
    Column("layer", "layer", align="left"),
    Column("kind", "kind", own_words, align="left", drop=5),
    Column("madds", "MAdds", scale=units.COUNTS, drop=3),
    Column("formula", "formula", own_words, sparse=True),
    Column("of_dense", "of dense", own_words, drop=2, sparse=True, about="MAdds over those of the dense convolution, 1/g."),
    Column(
        "separable", "pair, of dense", own_words, drop=4, sparse=True,
        about="a depthwise and its pointwise convolution over the dense one: 1/c_out + 1/k².",
    ),
    Column("symbols", "symbols", shown=False),
)  # fmt: skip


def indented(path: str) -> str:
    """A module's own name, two spaces further in for each module around it."""
    if not path:
        return NETWORK
    *outer, name = path.split(".")
    return "  " * (len(outer) + 1) + name


TREE = (
    Column("layer", "layer", indented, align="left"),
    Column("module", "class", align="left", drop=2),
    Column("depth", "depth", shown=False),
)


def layers_view(costs: Costs, ops: Sequence[Op], title: str, sizes: Sizes | None = None) -> View:
    """One row an operator, in the order given, and what all operators of the network add up to."""
    rows = [
        (layer_name(op), *(getattr(op, column.key) for column in LAYERS[1:])) for op in ops
    ]  # fmt: skip
    total: dict[str, Any] = {"layer": "total", "op": f"{len(costs.ops)} operators", "kind": ""}
    total |= {k: getattr(costs, k) for k in ("madds", "mem_bytes", "fused_bytes", "intensity")}
    total |= {"params": read_params(costs)}
    rows.append(tuple(total.get(column.key) for column in LAYERS))
    data = [op_data(op) for op in ops]
    return View(
        Table(title, LAYERS, tuple(rows), (mem_note(costs),), _said(costs, len(ops), sizes)), data
    )


def op_data(op: Op) -> dict[str, Any]:
    """An operator for programs, called as in the tables."""
    derived = ("mem_access", "mem_bytes", "intensity")
    known = {key: getattr(op, key) for key in (*op.__struct_fields__, *derived)}
    return {"layer": known.pop("path"), **known}


def mem_note(costs: Costs) -> str:
    """What ``mem`` is in rows of operators."""
    runs = "eager PyTorch runs it" if costs.stored_params is None else "if run by itself"
    return f"mem: memory access of the operator as {runs}."


def read_params(costs: Costs) -> int | None:
    """The parameters that all operators read; None: not noted."""
    return Group("", costs.ops).params


def layer_name(op: Op) -> str:
    """The module that calls it, and which call that is from the second on."""
    return (op.path or NETWORK) + (f" #{op.call + 1}" if op.call else "")


def _said(costs: Costs, rows: int, sizes: Sizes | None) -> tuple[str, ...]:
    some = rows < len(costs.ops)
    return (
        *((f"{rows} of {len(costs.ops)} operators; the total is of all.",) if some else ()),
        *((sizes.words,) if sizes else ()),
        *uncounted([("this network", costs)]),
    )


def groups_view(
    costs: Costs, groups: Sequence[Group], by: str, title: str, sizes: Sizes | None = None
) -> View:
    """One row a group of operators, in the order given, and what all operators add up to."""
    whole = Group("total", costs.ops)
    columns = (Column(by, HEADINGS[by], align="left"), OPERATORS, *SUMS)
    rows = tuple((g.name, len(g.ops), *sums(g, whole)) for g in (*groups, whole))
    data = [{by: g.name, "operators": len(g.ops), **_plain(g, whole)} for g in groups]
    sentences = _said(costs, len(costs.ops), sizes)
    if len(groups) < (of := len(grouped(costs.ops, by))):
        sentences = (f"{len(groups)} of {of} groups; the total is of all.", *sentences)
    table = Table(title, columns, rows, (mem_note(costs),), sentences)
    return View(table, data)


def tree_view(
    costs: Costs, modules: Sequence[Module], depth: int, title: str, sizes: Sizes | None = None
) -> View:
    """One row a module, under the module around it, each with all that is in it. Raises UsageError."""
    found = branches(costs.ops, modules, depth)
    whole = found[0]
    rows = tuple((b.name, b.module, b.depth, *sums(b, whole), len(b.ops)) for b in found)
    columns = (*TREE, *SUMS, OPERATORS)
    data = [
        {"layer": b.name, "module": b.module, "depth": b.depth, "operators": len(b.ops)}
        | _plain(b, whole)
        for b in found
    ]
    table = Table(title, columns, rows, (mem_note(costs),), _said(costs, len(costs.ops), sizes))
    return View(table, data)


def sums(group: Group, whole: Group) -> tuple[Any, ...]:
    """The cells of `SUMS`."""
    return tuple(_plain(group, whole).values())


def _plain(group: Group, whole: Group) -> dict[str, Any]:
    return {
        "params": group.params,
        "params_share": _share(group.params, whole.params),
        "madds": group.madds,
        "madds_share": _share(group.madds, whole.madds),
        "mem_bytes": group.mem_bytes,
        "mem_share": _share(group.mem_bytes, whole.mem_bytes),
        "fused_bytes": group.fused_bytes,
        "intensity": group.intensity,
    }


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def formulas_view(costs: Costs, ops: Sequence[Op] | None, title: str) -> View:
    """One row an operator that multiplies: the product that its multiply-adds are."""
    pairs = {id(costs.ops[i]): pair for i, pair in separable(costs.ops).items()}
    shown = [op for op in (costs.ops if ops is None else ops) if op.madds]
    told = [formula(op) for op in shown]
    rows: list[tuple[Any, ...]] = []
    data = []
    for op, says in zip(shown, told, strict=True):
        dense, pair = of_dense(op), pairs.get(id(op))
        texts = (
            says.numbers if says else None,
            str(dense) if dense is not None else None,
            f"1/{pair.c_out} + 1/{pair.taps} = {units.percent(float(pair.of_dense))}"
            if pair
            else None,
            says.symbols if says else None,
        )
        rows.append((layer_name(op), op.kind, op.madds, *texts))
        data.append(
            op_data(op)
            | dict(zip(("formula", "of_dense", "separable", "symbols"), texts, strict=True))
        )
    rows.append(("total", "", costs.madds, None, None, None, None))
    of = sum(1 for op in costs.ops if op.madds)
    some = (
        (f"{len(shown)} of {of} operators that multiply; the total is of all.",)
        if len(shown) < of
        else ()
    )
    notes = tuple(_symbols(shown))
    return View(
        Table(title, FORMULAS, tuple(rows), notes, (*some, *uncounted([("this network", costs)]))),
        data,
    )


def _symbols(ops: Sequence[Op]) -> Iterator[str]:
    """Each product that is shown, in symbols."""
    found: dict[str, list[str]] = {}
    for op in ops:
        if says := formula(op):
            kinds = found.setdefault(says.symbols, [])
            if op.kind not in kinds:
                kinds.append(op.kind)
    for symbols, kinds in found.items():
        yield f"{symbols}: {', '.join(kinds)}."
