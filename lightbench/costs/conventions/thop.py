"""thop: hooks on modules of exact types, in ``thop/profile.py``; nothing else exists for it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable

from lightbench.costs.conventions.items import (
    NOTHING,
    Convention,
    Items,
    elements,
    given,
    size,
    weight,
)
from lightbench.costs.conventions.recurrent import CELLS, LAYERS, recurrent
from lightbench.records import Call, Costs

CONVOLUTIONS = frozenset(f"Conv{t}{n}d" for t in ("", "Transpose") for n in (1, 2, 3))
NORMS = frozenset(
    (
        *(f"{norm}Norm{n}d" for norm in ("Batch", "Instance") for n in (1, 2, 3)),
        *("LayerNorm", "SyncBatchNorm"),
    )
)
AVERAGES = frozenset(f"AvgPool{n}d" for n in (1, 2, 3))
ADAPTIVE = frozenset(f"AdaptiveAvgPool{n}d" for n in (1, 2, 3))
UPSAMPLING = frozenset(("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"))
_UPSAMPLED = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 224 + 35}


def _convolution(call: Call) -> Items:
    """Output x c_in / groups x kernel, which for transposed ones is not what they multiply."""
    filters = weight(call)
    channels = 1 if len(given(call)) == len(filters) else 0
    grouped = call.output if "Transpose" in call.module else given(call)
    groups = size(grouped, channels) // max(size(filters, 1), 1) or 1
    inside = size(given(call), 1) // groups  # of one image without batch this is its height
    return {"convolution": elements(call.output) * inside * elements(filters[2:])}


def _norm(call: Call) -> Items:
    return {"norm": elements(given(call)) * (4 if "weight" in call.tensors else 2)}


def _adaptive(call: Call) -> Items:
    windows = zip(given(call)[2:], call.output[2:], strict=False)
    window = math.prod(i / max(o, 1) for i, o in windows)
    return {"pooling": int((window + 1) * elements(call.output))}


def _softmax(call: Call) -> Items:
    n, dimension = elements(given(call)), call.settings.get("dim")
    if not isinstance(dimension, int):
        return NOTHING
    return {"activation": 3 * n - n // max(size(given(call), dimension), 1)}


def _step(kind: str, inputs: int, hidden: int, *, bias: bool) -> int:
    """One step of one sequence: the products of each gate, its additions and what follows them."""
    gate = hidden * (inputs + hidden) + hidden + (2 * hidden if bias else 0)
    return {"RNN": gate, "GRU": 3 * gate + 4 * hidden, "LSTM": 4 * gate + 4 * hidden}[kind]


def _recurrent(call: Call) -> Items:
    net = recurrent(call)
    one = _step(net.kind, net.inputs, net.hidden, bias=net.bias)
    more = _step(net.kind, net.hidden * net.directions, net.hidden, bias=net.bias)
    steps = elements(given(call)[: 1 if call.module in CELLS else 2])
    return {"recurrent": (one + (net.layers - 1) * more) * net.directions * steps}


def _upsampled(call: Call) -> Items:
    factor = _UPSAMPLED.get(str(call.settings.get("mode")), 0)
    return {"data movement": factor * elements(call.output)}


RULES: dict[str, Callable[[Call], Items]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **dict.fromkeys(NORMS, _norm),
    **dict.fromkeys(AVERAGES, lambda call: {"pooling": elements(call.output)}),
    **dict.fromkeys(ADAPTIVE, _adaptive),
    **dict.fromkeys(UPSAMPLING, _upsampled),
    **dict.fromkeys((*LAYERS, *CELLS), _recurrent),
    "Linear": lambda call: {"linear": size(weight(call), 1) * elements(call.output)},
    "Softmax": _softmax,
    "PReLU": lambda call: {"activation": elements(given(call))},
}


def _items(costs: Costs) -> Iterable[Items]:
    """A module under several names is hooked once for each, and its sum is added once for each."""
    for call in costs.calls:
        if call.module in RULES:
            items = RULES[call.module](call)
            yield {item: n * call.places**2 for item, n in items.items()}


def _convolution_2020(call: Call) -> Items:
    return {
        **_convolution(call),
        "bias": elements(call.output) if "bias" in call.tensors else 0,
    }


def _linear_2020(call: Call) -> Items:
    n = elements(call.output)
    return {
        "linear": max(2 * size(weight(call), 1) - 1, 0) * n,
        "bias": n if "bias" in call.tensors else 0,
    }


def _adaptive_2020(call: Call) -> Items:
    windows = zip(given(call)[2:], call.output[2:], strict=False)
    window = math.prod(i // max(o, 1) for i, o in windows)
    return {"pooling": (window + 1) * elements(call.output)}


RULES_2020: dict[str, Callable[[Call], Items]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution_2020),
    **dict.fromkeys(
        NORMS - {"LayerNorm", "SyncBatchNorm"}, lambda call: {"norm": 2 * elements(given(call))}
    ),
    **dict.fromkeys(AVERAGES, lambda call: {"pooling": elements(call.output)}),
    **dict.fromkeys(ADAPTIVE, _adaptive_2020),
    "Linear": _linear_2020,
}


def _items_2020(costs: Costs) -> Iterable[Items]:
    return (RULES_2020[c.module](c) for c in costs.calls if c.module in RULES_2020)


def _sum_float32(counts: Iterable[int], _costs: Costs) -> int:
    """thop's accumulators were float32: large totals come out rounded, layer by layer."""
    total = 0.0
    for count in counts:
        total = struct.unpack("f", struct.pack("f", total + count))[0]
    return int(total)


THOP = Convention("thop", "thop 0.1.1", _items)
THOP_2020 = Convention(
    "thop-2020", "thop 0.0.31 (January 2020), in float32", _items_2020, _sum_float32
)
