"""What each operator does: tables from its name to its rule, one file a family.

A rule takes the operator's positional arguments and its output, and returns ``Work``. Operators
that only change the view of a tensor, or make one, move nothing and have no row at all.
Bias, normalisation and activations are not MAdds (convention ``paper``; the others are in
``conventions.py``). What follows from another name has no row either: ``x_`` and ``x.out`` do what
``x`` does, ``x_copy`` of a view copies, and the gradient of what does not multiply does not.
"""

from __future__ import annotations

from typing import Any

import torch

from lightbench.costs.rules.attention import ATTENTION
from lightbench.costs.rules.convolutions import CONVOLUTIONS
from lightbench.costs.rules.movement import MOVEMENT, MOVING
from lightbench.costs.rules.plain import ACTIVATION, ELEMENTWISE, NORMS, OTHER, PLAIN, POOLING
from lightbench.costs.rules.products import PRODUCTS
from lightbench.costs.rules.quantized import QUANTIZED
from lightbench.costs.rules.recurrent import RECURRENT
from lightbench.costs.work import Rule, rows

TABLES = (CONVOLUTIONS, PRODUCTS, ATTENTION, RECURRENT, QUANTIZED, MOVING, PLAIN)
RULES: dict[str, Rule] = {name: rule for table in TABLES for name, rule in rows(table)}

_NO_MADDS = frozenset((*NORMS, ACTIVATION, ELEMENTWISE, POOLING, MOVEMENT, OTHER))


def rule_of(operator: Any) -> Rule | None:
    """The rule of an operator; None if nobody has said what it does.

    Operators that PyTorch itself tags as pointwise need no row: they do no MAdds.
    """
    name, overload = operator._schema.name, operator._schema.overload_name.removesuffix("_out")
    names = variants(name)
    for known in names:
        if rule := RULES.get(f"{known}.{overload}") or RULES.get(known):
            return rule
    return ELEMENTWISE if any(map(_is_pointwise, names)) else _derived(name)


def variants(name: str) -> tuple[str, ...]:
    """An operator's name, then those it does the same as: "aten::mm" of "aten::mm_"."""
    in_place = (name[:-1],) if name.endswith("_") and not name.endswith("__") else ()
    primitive = (name.replace("prims::", "aten::"),) if name.startswith("prims::") else ()
    return (name, *in_place, *primitive)


def _derived(name: str) -> Rule | None:
    """What follows from another operator that does not multiply: its gradient, its lists, its copy."""
    space, _, base = name.rstrip("_").partition("::")
    if base.endswith("_copy") and is_view(f"{space}::{base.removesuffix('_copy')}"):
        return MOVEMENT
    if base.startswith("_foreach_"):
        return _without_madds(f"{space}::{base.removeprefix('_foreach_')}")
    if base.endswith("_backward"):
        forward = f"{space}::{base.removesuffix('_backward')}"
        plain = is_view(forward) or _without_madds(forward)
        return OTHER if plain else None
    return None


def _without_madds(name: str) -> Rule | None:
    """Also of torchvision::_roi_align, by which the gradient of roi_align is named."""
    for known in (name, name.replace("::_", "::")):
        if rule := RULES.get(known) or (ELEMENTWISE if _is_pointwise(known) else None):
            return rule if rule in _NO_MADDS else None
    return None


def _overloads(name: str) -> list[Any]:
    space, _, base = name.partition("::")
    packet = getattr(getattr(torch.ops, space), base, None)
    return [getattr(packet, overload) for overload in packet.overloads()] if packet else []


def _is_pointwise(name: str) -> bool:
    return any(torch.Tag.pointwise in operator.tags for operator in _overloads(name))


def is_view(name: str) -> bool:
    """Is what an operator of this name returns the memory of an argument?"""
    return any(operator.is_view for operator in _overloads(name))
