"""A network's own precision, and another one where that is asked for.

Most networks are in one precision; some mix several on purpose (a bfloat16 body, float8 or complex
weights, tables in float64), and then only their main one follows what is asked.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, nn

from lightbench.costs.borrow import borrowed, parts_of
from lightbench.costs.count import MakeInputs
from lightbench.records import Dtype
from lightbench.records.case import FLOATS

USUAL: Dtype = "float32"  # what a name stands for if nothing is asked
_NAMES = {getattr(torch, name): name for name in FLOATS}


def own_dtype(network: nn.Module) -> str:
    """The precision of its first weights, which decides what inputs it takes."""
    return next((_NAMES[p.dtype] for p in network.parameters() if p.dtype in _NAMES), USUAL)


def cast(network: nn.Module, dtype: str) -> nn.Module:
    """The same network, its main precision made ``dtype``: that which most elements of its parameters
    and buffers are in. Complex, float8, quantised and whole numbers stay, and what is in another
    precision on purpose."""
    sizes = _precisions(network)
    if not sizes:
        return network
    main, wanted = sizes.most_common(1)[0][0], getattr(torch, dtype)

    def made(tensor: Tensor) -> Tensor:
        return tensor.to(wanted) if tensor.dtype == main else tensor

    return network._apply(made)  # type: ignore[no-untyped-call, no-any-return]


def as_asked(network: nn.Module, dtype: str, inputs: MakeInputs) -> nn.Module:
    """A network that was built by name, in the precision of its case. It stays as it was built if
    that is in parts the usual one, which then takes the usual inputs; or if it takes such ``inputs``
    though no part is. Raises what PyTorch raises if it cannot be made so."""
    sizes = _precisions(network)
    if {_NAMES[kind] for kind in sizes} <= {dtype}:
        return network
    if dtype == USUAL and (getattr(torch, USUAL) in sizes or _takes(network, inputs)):
        return network
    return cast(network, dtype)


def _precisions(network: nn.Module) -> Counter[torch.dtype]:
    """Elements of parameters and buffers in each precision that a case may have."""
    sizes: Counter[torch.dtype] = Counter()
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.dtype in _NAMES:
            sizes[tensor.dtype] += 1 if nn.parameter.is_lazy(tensor) else tensor.numel()
    return sizes


def _takes(network: nn.Module, inputs: MakeInputs) -> bool:
    """By trying: a pass of shapes alone would not mind."""
    parts = parts_of(network)
    meta = any(tensor.is_meta for tensor in (*parts.parameters, *parts.buffers))
    args, kwargs = inputs("meta" if meta else "cpu")
    try:
        with borrowed(parts, (args, kwargs)), torch.no_grad():
            network(*args, **kwargs)
    except Exception:  # noqa: BLE001  what is wrong with it is said when it is counted
        return False
    return True
