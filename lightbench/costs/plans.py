"""What a trace does with each operator, decided once per operator and process."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import torch

from lightbench.costs.rules import VIEW_OR_COPY, Rule, rule_of
from lightbench.costs.shapes import SHAPES, Shape

aten = torch.ops.aten

Action = Literal[
    "view",  # the same memory under another shape: moves nothing
    "view or copy",  # one or the other, as the strides allow
    "make",  # fills memory with values that come from nowhere: counted as free
    "decompose",  # made of other operators, which are counted instead
    "compute",
]


class Plan(NamedTuple):
    """What to do with an operator. One that computes without a ``rule`` is listed as uncounted."""

    action: Action
    rule: Rule | None = None
    shape: Shape | None = None


_MADE_BY_NAME = (
    "empty",
    "zeros",
    "ones",
    "full",
    "rand",
    "new_",
    "lift",
    "_assert",
    "sym_",
    "set_",
)
_MADE_IN_PLACE = frozenset(
    ("fill_", "zero_", "normal_", "uniform_", "bernoulli_", "random_", "exponential_", "resize_")
)
_VIEWS_BY_PROMISE = frozenset((aten._unsafe_view.default, aten._reshape_alias.default))


@cache
def plan_of(operator: Any) -> Plan:
    """The plan for an aten (or any other registered) operator."""
    if operator in VIEW_OR_COPY:
        return Plan("view or copy", None, SHAPES.get(operator))
    if _is_made(operator):
        return Plan("make")
    if rule := rule_of(operator):
        return Plan("compute", rule, SHAPES.get(operator))
    if operator.is_view or operator in _VIEWS_BY_PROMISE:
        return Plan("view")
    return Plan("decompose" if operator._can_decompose() else "compute")


def _is_made(operator: Any) -> bool:
    name = operator._schema.name.partition("::")[2]
    reads = any("Tensor" in str(argument.type) for argument in operator._schema.arguments)
    in_place = name in _MADE_IN_PLACE
    return in_place or not reads or name.startswith(_MADE_BY_NAME) or name.endswith("_like")
