"""torch.utils.flop_counter on CPU without gradients, halved to MAdds."""

from __future__ import annotations

from collections.abc import Iterable

from lightbench.costs.conventions.items import NOTHING, Convention, Items, multiplied
from lightbench.records import CONV_KINDS, Costs, Op

PRODUCTS = frozenset(("linear", "addmm", "mm", "bmm", "baddbmm"))


def _apart(op: Op) -> bool:
    """Does the CPU run this attention as products of matrices? Its one operator takes (batch, heads,
    tokens, width), the same of all three but for the keys' number, and values as wide as the keys."""
    x, out = op.input, op.output
    return op.op == "scaled_dot_product_attention" and (
        len(x) != 4 or x[:2] != out[:2] or x[-1] != out[-1]
    )


def flopcounter(op: Op) -> Items:
    """Convolutions and products of matrices; a product with a vector and most attention is not seen."""
    seen = op.kind in CONV_KINDS or op.op in PRODUCTS or (op.kind == "attention" and _apart(op))
    return multiplied(op) if seen else NOTHING


def _recurrent(op: Op, projected: frozenset[str]) -> Items:
    """oneDNN runs an LSTM of float32 or less as one operator, unless its output is projected."""
    double = op.read_bytes == 8 * op.reads
    return multiplied(op) if op.op != "lstm" or double or op.path in projected else NOTHING


def _items(costs: Costs) -> Iterable[Items]:
    """What PyTorch runs as one operator, as ``nn.MultiheadAttention`` in evaluation, hides its parts."""
    fused = frozenset(call.path for call in costs.calls if call.fused)
    inside = tuple(f"{path}." if path else "" for path in fused)
    projected = frozenset(call.path for call in costs.calls if "weight_hr_l0" in call.tensors)
    for op in costs.ops:
        if op.kind == "recurrent":
            yield _recurrent(op, projected)
        elif op.path not in fused and not (inside and op.path.startswith(inside)):
            yield flopcounter(op)


FLOPCOUNTER = Convention("flopcounter", "torch FlopCounterMode on CPU, halved to MAdds", _items)
