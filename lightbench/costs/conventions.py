"""What other counters would say, from the same rows: each convention is a small table of rules.

A rule gives a row's count split into items (convolution, linear, bias, norm, ...), so that two
totals can be compared item by item. Conventions follow the named releases; they count one
multiply-add as 1 unless stated. Where a counter is plainly wrong (attention it does not see), the
convention leaves out what that counter leaves out.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lightbench.records import CONV_KINDS, Costs, Op

Items = Mapping[str, int]
Rule = Callable[[Op], Items]

CONV_MODULES = frozenset(f"Conv{t}{n}d" for t in ("", "Transpose") for n in (1, 2, 3))
BATCH_NORMS = frozenset(
    ("batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training", "instance_norm")
)
NORM_MODULES = frozenset(
    (*(f"{norm}Norm{n}d" for norm in ("Batch", "Instance") for n in (1, 2, 3)), "LayerNorm")
)
ADAPTIVE_POOLING = frozenset(f"AdaptiveAvgPool{n}d" for n in (1, 2, 3))
AVERAGE_POOLING = frozenset(f"AvgPool{n}d" for n in (1, 2, 3))
NOTHING: Items = {}


@dataclass(frozen=True)
class Convention:
    """How one tool counts; ``total`` is how it adds up."""

    name: str
    says: str
    rule: Rule
    total: Callable[[Iterable[int]], int] = sum


def _item(op: Op) -> str:
    """The item that a MAdds-bearing row belongs to."""
    return "convolution" if op.kind in CONV_KINDS else op.kind


def _elements(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


def _affine(op: Op) -> bool:
    """Has the norm a scale and a shift? (Batch norm's running statistics are not weights.)"""
    return op.weights > (2 * op.input[1] if op.op in BATCH_NORMS else 0)


def paper(op: Op) -> Items:
    """Convolution, linear and matrix products, without bias: what papers and torchvision print."""
    return {_item(op): op.madds} if op.madds else NOTHING


def thop(op: Op) -> Items:
    """thop 0.1.1: modules only; affine norms 4 per element, pooling by its window."""
    if op.module in CONV_MODULES and op.kind in CONV_KINDS and op.weight:
        # As thop has it, output x c_in / groups x k^2, which for transposed ones is not MAdds.
        c_in = op.input[1] // op.groups
        return {"convolution": _elements(op.output) * c_in * _elements(op.weight[2:])}
    if op.module == "Linear" and op.kind == "linear":
        return {"linear": op.madds}
    if op.module in NORM_MODULES and op.kind == "norm":
        return {"norm": _elements(op.input) * (4 if _affine(op) else 2)}
    if op.module in AVERAGE_POOLING:
        return {"pooling": op.writes}
    if op.module in ADAPTIVE_POOLING:
        window = _elements(op.input[2:]) / _elements(op.output[2:])
        return {"pooling": int((window + 1) * op.writes)}
    if op.module == "Softmax":
        return {"activation": 3 * op.reads - op.reads // op.input[-1]}
    if op.module == "PReLU":
        return {"activation": op.reads}
    return {"recurrent": op.madds} if op.kind == "recurrent" else NOTHING


def thop_2020(op: Op) -> Items:
    """thop 0.0.31: bias counted, linear layers in FLOPs (2 c_in - 1), norms 2 per element."""
    if op.module in CONV_MODULES and op.kind in CONV_KINDS:
        return {"convolution": op.madds, "bias": op.writes if op.bias else 0}
    if op.module == "Linear" and op.kind == "linear":
        return {"linear": 2 * op.madds - op.writes, "bias": op.writes if op.bias else 0}
    if op.module in NORM_MODULES and op.module != "LayerNorm":
        return {"norm": 2 * _elements(op.input)}
    if op.module in AVERAGE_POOLING:
        return {"pooling": op.writes}
    if op.module in ADAPTIVE_POOLING:
        window = math.prod(i // o for i, o in zip(op.input[2:], op.output[2:], strict=True))
        return {"pooling": (window + 1) * op.writes}
    return NOTHING


def fvcore(op: Op) -> Items:
    """fvcore 0.1.5: operators; batch norm 2, layer norm 5 per element; attention not seen."""
    if op.kind in ("attention", "recurrent"):
        return NOTHING
    if op.madds:
        return paper(op)
    if op.op in BATCH_NORMS:
        return {"norm": _elements(op.input) * (2 if _affine(op) else 1)}
    if op.kind == "norm":
        return {"norm": _elements(op.input) * (5 if _affine(op) else 4)}
    if op.op.startswith("adaptive_avg_pool2d"):
        return {"pooling": _elements(op.input)}
    if op.op.startswith(("upsample_bilinear2d", "grid_sampler")):
        return {"data movement": 4 * op.writes}
    return {"data movement": op.writes} if op.op.startswith("upsample_nearest2d") else NOTHING


# Activations and pooling that ptflops counts in the module, in the function, or in both: a module
# that calls a counted function is counted twice.
_PTFLOPS_MODULES = {"ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU", "GELU"}
_PTFLOPS_FUNCTIONS = {"relu", "relu_", "prelu", "elu", "elu_", "gelu", "silu", "silu_", "softmax"}


def ptflops(op: Op) -> Items:
    """ptflops 0.7.5, pytorch backend: bias, norms 2, activations and pooling by input element."""
    if op.module in CONV_MODULES and op.kind in CONV_KINDS:
        return {"convolution": op.madds, "bias": op.writes if op.bias else 0}
    if op.module == "Linear" and op.kind == "linear":
        return {"linear": op.madds, "bias": op.writes if op.bias else 0}
    if op.module in (*NORM_MODULES, "GroupNorm") and op.kind == "norm":
        scaled = _affine(op) and op.module != "LayerNorm"  # whose flag has another name
        return {"norm": _elements(op.input) * (2 if scaled else 1)}
    if op.module == "MultiheadAttention" and op.kind == "linear":
        return {"linear": op.madds, "bias": op.writes}
    if op.module == "MultiheadAttention" and op.kind == "attention":
        scores = op.madds // (2 * op.input[-1])
        return {"attention": op.madds, "activation": scores, "element-wise": op.reads // 3}
    times = (op.module in _PTFLOPS_MODULES) + (op.op in _PTFLOPS_FUNCTIONS)
    if op.kind == "activation":
        return {"activation": times * op.reads}
    if op.kind == "pooling" and "pool" in op.op:
        return {"pooling": (1 + ("Pool" in op.module)) * op.reads}
    return {op.kind: op.madds} if op.kind == "matmul" else NOTHING


def torchinfo(op: Op) -> Items:
    """torchinfo 1.8: every parameter of a module once per output position (linear: per image)."""
    images = op.output[0] if op.output else 1
    if "Conv" in op.module and op.kind in CONV_KINDS and op.weight:
        positions = images * _elements(op.output[2:])
        bias = op.output[1] * positions if op.bias else 0
        return {"convolution": _elements(op.weight) * positions, "bias": bias}
    if op.module == "Linear" and op.kind == "linear" and op.weight:
        return {
            "linear": images * _elements(op.weight),
            "bias": images * op.weight[0] if op.bias else 0,
        }
    if op.kind == "norm" and _affine(op):
        statistics = 2 * op.input[1] if op.op in BATCH_NORMS else 0
        return {"norm": images * (op.weights - statistics)}
    return NOTHING


def flopcounter(op: Op) -> Items:
    """torch.utils.flop_counter on CPU, halved to MAdds: operators, but not the CPU's attention, nor
    anything inside ``nn.MultiheadAttention``, whose fast path hides it."""
    hidden = op.kind in ("attention", "recurrent") or op.module == "MultiheadAttention"
    return NOTHING if hidden else paper(op)


def _sum_float32(counts: Iterable[int]) -> int:
    """thop's accumulators were float32: large totals come out rounded, layer by layer."""
    total = 0.0
    for count in counts:
        total = struct.unpack("f", struct.pack("f", total + count))[0]
    return int(total)


CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention("paper", "convolution + linear + matmul, no bias", paper),
        Convention("thop", "thop 0.1.1", thop),
        Convention("thop-2020", "thop 0.0.31 (January 2020), in float32", thop_2020, _sum_float32),
        Convention("fvcore", "fvcore 0.1.5", fvcore),
        Convention("ptflops", "ptflops 0.7.5, pytorch backend", ptflops),
        Convention("torchinfo", "torchinfo 1.8", torchinfo),
        Convention("flopcounter", "torch FlopCounterMode on CPU, halved to MAdds", flopcounter),
    )
}


@dataclass(frozen=True)
class Counted:
    """A total in one convention, and the items it is made of (they may differ by rounding)."""

    convention: Convention
    total: int
    items: dict[str, int]


def convert(costs: Costs, name: str) -> Counted:
    """The count of ``costs`` in the convention ``name`` (a key of CONVENTIONS)."""
    convention = CONVENTIONS[name]
    items: Counter[str] = Counter()
    counts = []
    for op in costs.ops:
        split = convention.rule(op)
        items.update(split)
        counts.append(sum(split.values()))
    return Counted(convention, convention.total(counts), {k: n for k, n in items.items() if n})


def difference(counted: Counted, reference: Counted) -> dict[str, int]:
    """Item by item, what ``counted`` has more (or less) than ``reference``."""
    keys = dict.fromkeys((*reference.items, *counted.items))
    differences = {k: counted.items.get(k, 0) - reference.items.get(k, 0) for k in keys}
    rounding = counted.total - sum(counted.items.values())
    return {k: n for k, n in {**differences, "rounding": rounding}.items() if n}
