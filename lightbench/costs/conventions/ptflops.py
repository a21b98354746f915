"""ptflops, pytorch backend: hooks on modules of exact types, and functions replaced by its own.

What is a module and a function in one, as ``nn.ReLU`` that calls ``F.relu``, counts twice.
"""

from __future__ import annotations

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
from lightbench.costs.conventions.thop import CONVOLUTIONS
from lightbench.records import Call, Costs, Op

# Whose classes have an attribute ``affine``; LayerNorm calls it otherwise.
NORMS = frozenset(
    (*(f"{norm}Norm{n}d" for norm in ("Batch", "Instance") for n in (1, 2, 3)), "GroupNorm")
)
POOLS = frozenset(
    f"{a}{kind}Pool{n}d" for a in ("", "Adaptive") for kind in ("Max", "Avg") for n in (1, 2, 3)
)
ACTIVATIONS = frozenset(("ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU", "GELU"))
TIMM_ATTENTION = (
    "timm.layers.attention.Attention",
    "timm.models.vision_transformer.Attention",  # of timm before 1.0.16
)
_ADDED = {"RNN": 1, "GRU": 7, "LSTM": 10}  # times the hidden size, in each step


def _convolution(call: Call, extra: int = 0) -> Items:
    """Every weight, and ``extra`` for each of the kernel's, at each position that it meets."""
    filters, x, out = weight(call), given(call), call.output
    met = x if "Transpose" in call.module else out
    inside = elements(filters) + extra * elements(filters[2:])
    bias = size(x, 0) * elements(out[1:]) if "bias" in call.tensors else 0
    return {"convolution": inside * size(x, 0) * elements(met[2:]), "bias": bias}


def _deformable(call: Call) -> Items:
    """Interpolation 20, coordinates 4, and 1 for a mask."""
    return _convolution(call, extra=25 if len(call.inputs) == 3 else 24)


def _linear(call: Call) -> Items:
    x, c_out = given(call), size(call.output, -1)
    rows = elements(x[:-1])
    bias = c_out * rows if "bias" in call.tensors else 0
    return {"linear": size(x, -1) * c_out * rows, "bias": bias}


def _norm(call: Call) -> Items:
    return {"norm": elements(given(call)) * (2 if "weight" in call.tensors else 1)}


def _recurrent(call: Call) -> Items:
    net = recurrent(call)
    of_layer = [shape for name, shape in call.tensors.items() if "_reverse" not in name]
    matrices = sum(elements(shape) for shape in of_layer if len(shape) == 2)
    projections = sum(elements(s) for n, s in call.tensors.items() if n.startswith("weight_hr"))
    bias = sum(elements(shape) for shape in of_layer if len(shape) == 1)
    added = net.layers * _ADDED[net.kind] * net.hidden
    steps = elements(given(call)[: 1 if call.module in CELLS else 2])
    return {"recurrent": (matrices - projections + bias + added) * steps * net.directions}


def _multihead(call: Call) -> Items:
    """Scaling, projections with bias, and for each head two products and a softmax."""
    if len(call.inputs) != 3 or any(len(shape) != 3 for shape in call.inputs):
        return NOTHING
    first = call.settings.get("batch_first")
    q, k, v = call.inputs
    batch, at = (q[0], 1) if first else (q[1], 0)
    scores, heads = q[at] * k[at], _setting(call, "num_heads") or 1
    projected = sum(x[at] * x[2] ** 2 for x in (q, k, v)) + q[at] * v[2] ** 2
    bias = (q[at] + k[at] + v[at]) * q[2] if "in_proj_bias" in call.tensors else 0
    inside = heads * scores * (q[2] // heads + v[2] // heads)
    return {
        "linear": batch * projected,
        "bias": batch * (bias + q[at] * v[2]),
        "attention": batch * inside,
        "activation": batch * heads * scores,
        "element-wise": batch * q[at] * q[2],
    }


def _setting(call: Call, name: str) -> int:
    """0 for one that is not known, or is no size."""
    value = call.settings.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _timm_attention(call: Call) -> Items:
    """As above without projections, which lie in modules inside and are not counted at all."""
    heads, width = (_setting(call, key) for key in ("num_heads", "head_dim"))
    batch, tokens = size(given(call), 0), size(given(call), 1)
    scores = batch * tokens**2 * heads
    return {
        "attention": 2 * scores * width,
        "activation": scores,
        "element-wise": batch * tokens * width * heads,
    }


MODULES: dict[str, Callable[[Call], Items]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **dict.fromkeys(NORMS, _norm),
    **dict.fromkeys(POOLS, lambda call: {"pooling": elements(given(call))}),
    **dict.fromkeys(ACTIVATIONS, lambda call: {"activation": elements(call.output)}),
    **dict.fromkeys((*LAYERS, *CELLS), _recurrent),
    **dict.fromkeys(TIMM_ATTENTION, _timm_attention),
    "LayerNorm": lambda call: {"norm": elements(given(call))},
    "Linear": _linear,
    "Upsample": lambda call: {"data movement": elements(call.output[1:])},
    "MultiheadAttention": _multihead,
    "torchvision.ops.deform_conv.DeformConv2d": _deformable,
}


def function(op: Op, *, real: bool) -> Items:
    """What a replaced function counts: its input, and the products of tensors."""
    if op.kind in ("activation", "pooling") and op.through:
        sampled = op.writes if op.through == "interpolate" else 0
        read = elements(op.input) if op.input else op.weights
        return {op.kind: read, "data movement": sampled}
    if op.through == "interpolate":
        return {"data movement": op.writes}
    if op.through in ("matmul", "mm", "bmm", "addmm", "baddbmm"):
        if real and op.op == "addmm" and op.kind == "linear":
            return NOTHING  # nn.Linear, as it looks from below
        return {"matmul": _product(op)}
    return {"element-wise": op.writes} if op.through in ("mul", "add") else NOTHING


def _product(op: Op) -> int:
    """All of the first input times the last dimension of the second; and what is added to it."""
    vector = size(op.input, -1) if op.op in ("mv", "dot") else 1
    added = 0
    if op.through in ("addmm", "baddbmm"):
        added = size(op.output, -1) if op.kind == "linear" else elements(op.input)
    return op.madds * vector + added


def _modules(costs: Costs) -> Iterable[Items]:
    """The sums of modules, each as often as it has names; what is inside of one is not added."""
    calls = [call for call in costs.calls if call.module in MODULES]
    inside = tuple(f"{call.path}." if call.path else "" for call in calls if not call.leaf)
    for call in calls:
        if not call.leaf or not (inside and call.path.startswith(inside)):
            yield {item: n * call.places for item, n in MODULES[call.module](call).items()}


def _batch(costs: Costs) -> int:
    """Modules count for one image of the batch that is handed over; nothing else is divided. To
    several inputs they are handed by name, and that is no batch."""
    inputs = next((call.inputs for call in costs.calls if not call.path), ())
    return max(1, size(inputs[0], 0)) if len(inputs) == 1 else 1


def _functions(costs: Costs) -> Iterable[Items]:
    real = costs.traced == "real"
    return (function(op, real=real) for op in costs.ops)


def _items(costs: Costs) -> Iterable[Items]:
    batch = _batch(costs)
    for items in _modules(costs):
        yield {item: n // batch for item, n in items.items()}
    yield from _functions(costs)


def _total(_counts: Iterable[int], costs: Costs) -> int:
    """The sum over modules is divided, not each."""
    modules = sum(sum(items.values()) for items in _modules(costs))
    return modules // _batch(costs) + sum(sum(items.values()) for items in _functions(costs))


PTFLOPS = Convention("ptflops", "ptflops 0.7.5, pytorch backend", _items, _total)
