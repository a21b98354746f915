"""Nested tensors of the strided layout: several of different shapes as one, which has no shape itself.

(Those of the jagged layout are made of plain tensors, whose operators are seen instead.)
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lightbench.costs.work import Rule, Work


def work_of(rule: Rule, args: tuple[Any, ...], out: Any) -> Work:
    """What ``rule`` says; of nested tensors, which most rules cannot read, what it says of their
    parts together."""
    try:
        return rule(args, out)
    except RuntimeError:
        nested = [value for value in args if _is_nested(value)]
        if not nested:
            raise
    works = [rule(_part(args, i), _part((out,), i)[0]) for i in range(nested[0].size(0))]
    return works[0]._replace(madds=sum(work.madds for work in works), weight=None)


def shape_of(tensor: Tensor) -> tuple[int, ...]:
    """Its shape; () for a nested one, which has none that is one shape."""
    return () if tensor.is_nested else tuple(tensor.shape)


def _is_nested(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_nested


def _part(values: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    return tuple(value.unbind()[i] if _is_nested(value) else value for value in values)
