"""What operators alone tell of modules and functions: for records that do not hold more."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lightbench.costs.conventions.ptflops import MODULES
from lightbench.costs.conventions.thop import RULES
from lightbench.records import CONV_KINDS, Call, Costs, Op

# Kinds of rows that are what their module is for.
_OF_LAYERS = CONV_KINDS | {"linear", "norm", "activation", "pooling"}
_FUNCTIONS = frozenset(("relu", "prelu", "elu", "gelu", "silu", "softmax"))


def known(costs: Costs) -> Costs:
    """The costs with their calls; where these were not noted, as far as the rows say.

    There a module is known by its class alone, and what is a function is taken for called as one.
    """
    if costs.calls:
        return costs
    ops = tuple(map(_op, costs.ops))
    return msgspec.structs.replace(costs, ops=ops, calls=tuple(_calls(ops)))


def _op(op: Op) -> Op:
    name = op.op.removesuffix("_")
    if op.kind == "norm":
        running = 2 * op.input[1] if "batch_norm" in op.op and len(op.input) > 1 else 0
        return msgspec.structs.replace(op, affine=op.weights > running)
    if op.kind == "matmul":
        return msgspec.structs.replace(op, through="matmul")
    if name in _FUNCTIONS or (op.kind == "pooling" and "pool" in name):
        return msgspec.structs.replace(op, through=name)
    return op


def _calls(ops: tuple[Op, ...]) -> Iterator[Call]:
    for op in ops:
        if op.module == "MultiheadAttention":
            if op.kind == "attention" and len(op.input) == 4:
                yield _attention(op)
        elif op.kind in _OF_LAYERS:
            yield _layer(op)


def _layer(op: Op) -> Call:
    """A layer's main operator has its input, output and weight."""
    tensors = {} if op.weight is None else {"weight": op.weight}
    if op.affine:
        channels = op.input[1:2] if "batch_norm" in op.op else (op.weights // 2,)
        tensors = {"weight": channels, "bias": channels}
    if op.bias:
        tensors |= {"bias": op.output[1:2] if op.kind in CONV_KINDS else op.output[-1:]}
    return Call(
        path=op.path,
        module=op.module,
        leaf=op.module in RULES or op.module in MODULES or op.kind == "norm" or "Conv" in op.module,
        inputs=(op.input,),
        output=op.output,
        tensors=tensors,
    )


def _attention(op: Op) -> Call:
    """Of inputs (batch, heads, tokens, width of a head), the same for all three."""
    batch, heads, tokens, width = op.input
    return Call(
        path=op.path,
        module=op.module,
        leaf=False,
        inputs=((batch, tokens, heads * width),) * 3,
        tensors={"in_proj_bias": (3 * heads * width,)},
        settings={"num_heads": heads, "batch_first": True},
        fused=True,
    )
