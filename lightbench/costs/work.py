"""What one call of an operator does: the answer of a rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple

from lightbench.records import Kind

_WHOLE: Mapping[int, int] = MappingProxyType({})


class Work(NamedTuple):
    """What one call of an operator computes. Positions are those of its arguments.

    One fused multiply-add is 1 in ``madds``. Unless said otherwise every tensor among the arguments
    is read whole, and every tensor that is returned is written whole.
    """

    kind: Kind
    madds: int = 0
    weight: tuple[int, ...] | None = None  # shape of the weight matrix or filter
    bias: bool = False
    stride: tuple[int, ...] = ()
    groups: int = 1
    affine: bool = False  # a norm with a scale
    batch_statistics: bool = False  # a norm of its own batch, not of statistics that were kept
    weights: tuple[int, ...] = ()  # arguments that are weights whatever they were computed from
    reads: Mapping[int, int] = _WHOLE  # elements read of arguments of which not all is read
    writes: int | None = None  # elements written, where that is not all of the output
    outputs: int | None = None  # how many outputs count: the others are by-products
    packed: tuple[int, int] = (0, 0)  # elements and bytes of weights that no tensor shows


Rule = Callable[[tuple[Any, ...], Any], Work]  # (positional arguments, output)
Names = Mapping[Rule, str]  # rule -> the operators it is for; those without a namespace are aten's


def fixed(work: Work) -> Rule:
    """The rule of operators whose work depends on nothing."""
    return lambda _args, _out: work


def at(args: tuple[Any, ...], position: int, default: Any = None) -> Any:
    """An argument, or the default that a caller left it at."""
    return args[position] if len(args) > position else default


def first(out: Any) -> Any:
    """The output itself, without its by-products."""
    return out[0] if isinstance(out, (list, tuple)) else out


def broadcast_size(shapes: Iterable[Sequence[int]]) -> int:
    """Elements of what tensors of these shapes are broadcast to."""
    dimensions = zip_longest(*map(reversed, shapes), fillvalue=1)
    return math.prod(min(sizes) and max(sizes) for sizes in dimensions)


def rows(names: Names) -> Iterator[tuple[str, Rule]]:
    """(operator, rule) of every name: "aten::mm", or "aten::lstm.input" for one overload."""
    for rule, text in names.items():
        for name in text.split():
            yield name if "::" in name else f"aten::{name}", rule
