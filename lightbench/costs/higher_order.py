"""Operators that take functions: cond, while_loop, scan, map, checkpoints, flex_attention.

In eager mode they are made of other operators, which are counted: of ``cond`` the branch that is
taken, of a loop every turn. Where that depends on a value, the pass on real tensors decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor
from torch._C import DispatchKey
from torch._ops import HigherOrderOperator

from lightbench.costs.rules.attention import attention
from lightbench.costs.rules.plain import ELEMENTWISE
from lightbench.costs.work import Rule, Work
from lightbench.errors import ModelError


class NeedsValues(ModelError):
    """What happens next depends on values: a pass of shapes alone cannot go on."""


def name_of(operator: HigherOrderOperator) -> str:
    """Its name has no namespace: "cond"."""
    return str(operator.name())  # type: ignore[no-untyped-call]


def eager(operator: HigherOrderOperator, args: tuple[Any, ...]) -> Callable[..., Any]:
    """What eager mode runs for ``operator``. Raises NeedsValues for a choice by a value on meta."""
    name = name_of(operator)
    if name in _CHOOSING and any(isinstance(arg, Tensor) and arg.is_meta for arg in _flat(args)):
        raise NeedsValues(
            f"torch.{name} chooses by a value, and a pass of shapes has none.",
            "Give the network weights and an input with values, or choose by a shape.",
        )
    kernels = operator.py_kernels
    kernel = kernels.get(DispatchKey.CompositeExplicitAutograd) or kernels.get(DispatchKey.CPU)
    if kernel is None:
        raise ModelError(
            f"the operator {name} takes functions, and what of them it runs is not known.",
            "Replace it by plain Python in the network that is counted.",
        )
    return kernel


def traced(args: tuple[Any, ...], tracer: AbstractContextManager[Any]) -> tuple[Any, ...]:
    """``args`` with functions that run under ``tracer``, which must be off around their operator."""
    return tuple(_under(tracer, arg) if callable(arg) else arg for arg in args)


def _under(tracer: AbstractContextManager[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with tracer:
            return function(*args, **kwargs)

    return call


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


_CHOOSING = frozenset(("cond", "while_loop", "while_loop_stack_output"))
# What they run is code of other makers: nothing of it can be seen.
OPAQUE = frozenset(
    ("aoti_call_delegate", "call_torchbind", "executorch_call_delegate", "inductor_compiled_code")
)


def _flex_backward(args: tuple[Any, ...], _out: Any) -> Work:
    """(query, key, value, out, logsumexp, ...): five products, as for other attention."""
    query, key, value = args[:3]
    positions = query.numel() // query.shape[-1] * key.shape[-2]
    return Work("attention", positions * (3 * query.shape[-1] + 2 * value.shape[-1]))


HIGHER_ORDER: dict[str, Rule] = {
    "flex_attention": attention,
    "flex_attention_backward": _flex_backward,
    "inline_asm_elementwise": ELEMENTWISE,
}
