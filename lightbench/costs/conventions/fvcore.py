"""fvcore: operators as ``torch.jit.trace`` records them (``fvcore/nn/flop_count.py``)."""

from __future__ import annotations

import math

from lightbench.costs.conventions.items import (
    NOTHING,
    Convention,
    Items,
    by_operator,
    elements,
    multiplied,
)
from lightbench.records import CONV_KINDS, Op

# What it has a rule for. A composite operator is recorded as it was called, so that the products in
# it are seen or not; of these ones the trace records the parts.
PRODUCTS = frozenset(("linear", "addmm", "mm", "bmm", "matmul"))
TRANSPARENT = frozenset(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"))
BATCH_NORMS = frozenset(
    (
        *("batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training"),
        *("_native_batch_norm_legit", "_batch_norm_no_update", "_batch_norm_with_update"),
    )
)
NORMS = frozenset(
    ("layer_norm", "native_layer_norm", "group_norm", "native_group_norm", "instance_norm")
)
SAMPLING = {"upsample_nearest2d": 1, "upsample_bilinear2d": 4, "grid_sampler": 4}
_EXACT = frozenset(("abc,abd->acd", "abc,adc->adb"))  # the equations that it has a formula for


def _einsum(op: Op) -> Items:
    """``numpy.einsum_path`` prints its count with four digits; two a product, or one without a sum."""
    equation = op.part_of.partition(" ")[2].replace(" ", "")
    letters = dict.fromkeys(filter(str.isalpha, equation))
    normal = equation.translate({ord(a): 97 + i for i, a in enumerate(letters)})
    inside, _, outside = normal.partition("->")
    summed = set(filter(str.isalpha, inside)) - set(outside)
    if normal in _EXACT:
        return multiplied(op)
    flops = (2 * op.madds if summed else op.writes) + 1  # where it begins to count
    return {"matmul": math.floor(float(f"{flops:.3e}") / 2)}


def fvcore(op: Op) -> Items:
    """Batch norm 2, other norms 5 per element, without a scale 1 less; attention is not seen."""
    if op.part_of.startswith("einsum "):
        return _einsum(op)
    if op.kind in CONV_KINDS:
        return NOTHING if op.part_of.endswith(".padding") else multiplied(op)
    called = op.op if op.part_of in TRANSPARENT else op.part_of or op.op
    if called in PRODUCTS:
        return multiplied(op)
    if called in BATCH_NORMS and not op.batch_statistics:
        return {"norm": elements(op.output) * (2 if op.affine else 1)}
    if called in BATCH_NORMS or called in NORMS:
        return {"norm": elements(op.output) * (5 if op.affine else 4)}
    if called in ("adaptive_avg_pool2d", "_adaptive_avg_pool2d"):
        return {"pooling": elements(op.input) if op.input else op.weights}
    return {"data movement": SAMPLING.get(called, 0) * op.writes}


FVCORE = Convention("fvcore", "fvcore 0.1.5", by_operator(fvcore))
