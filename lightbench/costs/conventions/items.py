"""What conventions are made of: a count of each item, and the arithmetic of shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lightbench.records import CONV_KINDS, Call, Costs, Op

Items = Mapping[str, int]
Shape = tuple[int, ...]
NOTHING: Items = {}


def plainly(counts: Iterable[int], _costs: Costs) -> int:
    """A total that is a sum."""
    return sum(counts)


@dataclass(frozen=True)
class Convention:
    """How one tool counts: ``items`` of each thing that it sees, and how it adds them up."""

    name: str
    says: str
    items: Callable[[Costs], Iterable[Items]]
    total: Callable[[Iterable[int], Costs], int] = plainly


def elements(shape: Shape) -> int:
    return math.prod(shape)


def size(shape: Shape, dimension: int) -> int:
    """1 where there is no such dimension: there the tool itself fails."""
    return shape[dimension] if -len(shape) <= dimension < len(shape) else 1


def given(call: Call) -> Shape:
    """The shape of the first input by position."""
    return call.inputs[0] if call.inputs else ()


def weight(call: Call) -> Shape:
    """The shape of the weight; where it is computed, of the parameter that it is computed from."""
    names = ("weight", "weight_orig", "weight_v")
    return next((call.tensors[name] for name in names if name in call.tensors), ())


def by_operator(rule: Callable[[Op], Items]) -> Callable[[Costs], Iterable[Items]]:
    """A tool that sees operators, one by one."""
    return lambda costs: map(rule, costs.ops)


def multiplied(op: Op) -> Items:
    """The MAdds of a row, under the item that it belongs to."""
    item = "convolution" if op.kind in CONV_KINDS else op.kind
    return {item: op.madds} if op.madds else NOTHING
