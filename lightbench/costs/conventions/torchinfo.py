"""torchinfo: every parameter of a module without children, by its name and the module's output."""

from __future__ import annotations

from collections.abc import Iterable

from lightbench.costs.conventions.items import Convention, Items, elements, size
from lightbench.records import Call, Costs

_ITEMS = {"Linear": "linear", "PReLU": "activation"}


def _times(call: Call, name: str) -> int:
    """How often a parameter is counted: at each position of a convolution, else once an image."""
    if name in ("weight", "bias"):
        convolution = "Conv" in call.module.rpartition(".")[2]
        return size(call.output, 0) * (elements(call.output[2:]) if convolution else 1)
    # A recurrent layer's: once a step of each sequence.
    return elements(call.output[:2]) if "weight" in name or "bias" in name else 0


def _item(call: Call, name: str) -> str:
    kind = call.module.rpartition(".")[2]
    if "Norm" in kind:
        return "norm"
    if name == "bias":
        return "bias"
    if "Conv" in kind:
        return "convolution"
    return _ITEMS.get(kind, "recurrent" if "_ih" in name or "_hh" in name else "other")


def _items(costs: Costs) -> Iterable[Items]:
    for call in costs.calls:
        if call.leaf:
            for name, shape in call.tensors.items():
                yield {_item(call, name): elements(shape) * _times(call, name)}


TORCHINFO = Convention("torchinfo", "torchinfo 1.8", _items)
