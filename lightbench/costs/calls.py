"""The calls of modules in one pass: what a tool would be told that hooks itself into modules.

Hooks run where a module is called, not where its ``forward`` is; and such a tool goes by the exact
type of a module, its parameters, the shapes that go in and out, and a few settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from lightbench.records.costs import Call

Shape = tuple[int, ...]

# PyTorch's own layers that tools count though they have no parameters.
_BARE = frozenset(
    (
        *("ReLU", "ReLU6", "ELU", "LeakyReLU", "GELU", "Softmax"),
        *("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"),
        *(f"{kind}Pool{n}d" for kind in ("Max", "Avg") for n in (1, 2, 3)),
        *(f"Adaptive{kind}Pool{n}d" for kind in ("Max", "Avg") for n in (1, 2, 3)),
        *(f"{kind}Norm{n}d" for kind in ("Batch", "Instance") for n in (1, 2, 3)),
        *("LayerNorm", "GroupNorm"),
    )
)
# What tools read of a module besides its type, its tensors and its shapes.
_SETTINGS = {
    "Softmax": ("dim",),
    "Upsample": ("mode",),
    "UpsamplingBilinear2d": ("mode",),
    "UpsamplingNearest2d": ("mode",),
    "MultiheadAttention": ("num_heads", "batch_first"),
    "timm.layers.attention.Attention": ("num_heads", "head_dim"),
}
_FUSED = (nn.MultiheadAttention, nn.TransformerEncoderLayer)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_CALLS = nn.Module._call_impl.__code__.co_filename


class Seen(NamedTuple):
    """One call as it was; ``calls_of`` makes a ``Call`` of it after the pass."""

    path: str
    module: nn.Module
    inputs: list[Shape]
    output: Shape
    fused: bool


def watched(module: nn.Module, path: str) -> bool:
    """Does any tool count the calls of this module?"""
    kind: Any = type(module)
    if not path or _is_watched(kind):
        return True
    if not module._parameters or not is_leaf(module):
        return full_name(kind) in _SETTINGS
    return any(parameter is not None for parameter in module._parameters.values())


@cache
def _is_watched(kind: type) -> bool:
    return full_name(kind) in _BARE or issubclass(kind, _FUSED)


def is_leaf(module: nn.Module) -> bool:
    """No children; empty containers are none."""
    return not module._modules or not any(
        child._modules or not isinstance(child, _CONTAINERS) for child in module.children()
    )


@cache
def full_name(kind: type) -> str:
    """``Conv2d`` for PyTorch's own, and a name with a dot for every other class."""
    own = getattr(nn, kind.__name__, None) is kind
    return kind.__name__ if own else f"{kind.__module__}.{kind.__qualname__}"


def see(
    path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> Seen:
    """A call that has just ended; its tensors are let go."""
    inputs = [shape_of(value) for value in args if isinstance(value, (Tensor, PackedSequence))]
    fused = isinstance(module, _FUSED) and is_fused(module, args, kwargs)
    return Seen(path, module, inputs, shape_of(out), fused)


def by_call(frame: Any) -> bool:
    """Is it this module's call that runs its ``forward``, so that hooks run too?"""
    return bool(frame.f_code.co_filename == _CALLS)


def shape_of(value: Any) -> Shape:
    """Of a tensor, or of the first one in what is not; of a packed sequence as if it were padded."""
    if isinstance(value, Tensor):
        return () if value.is_nested else value.shape  # which has none that is one shape
    if isinstance(value, PackedSequence):
        return _padded(value)
    if isinstance(value, dict):
        value = list(value.values())[-1:]
    return shape_of(value[0]) if isinstance(value, (list, tuple)) and value else ()


def _padded(packed: PackedSequence) -> Shape:
    sizes = packed.batch_sizes
    longest = 0 if sizes.is_meta or not len(sizes) else int(sizes[0])
    return (len(sizes), longest, *packed.data.shape[1:])


def calls_of(seen: Sequence[Seen], modules: Sequence[nn.Module]) -> tuple[Call, ...]:
    """The calls of one pass, in the order in which they ended."""
    places = _places(modules)
    facts = {id(one.module): _facts(one.module) for one in seen}
    return tuple(
        Call(
            path=path,
            inputs=tuple(map(tuple, inputs)),
            output=tuple(output),
            places=places.get(id(module), 1),
            fused=fused,
            **facts[id(module)],
        )
        for path, module, inputs, output, fused in seen
    )


def _facts(module: nn.Module) -> dict[str, Any]:
    kind: Any = type(module)
    name = full_name(kind)
    return {
        "module": name,
        "leaf": is_leaf(module),
        "tensors": {key: tuple(p.shape) for key, p in module._parameters.items() if p is not None},
        "settings": {
            key: value
            for key in _SETTINGS.get(name, ())
            if isinstance(value := getattr(module, key, None), (int, str))
        },
    }


def _places(modules: Sequence[nn.Module]) -> dict[int, int]:
    """How often each module is met on a walk that enters a shared one every time; {} if none is."""
    if sum(len(module._modules) for module in modules) < len(modules):
        return {}  # as many edges as a tree has
    met: Counter[int] = Counter()

    def walk(module: nn.Module) -> None:
        met[id(module)] += 1
        for child in module.children():
            walk(child)

    walk(modules[0])
    return met


def is_fused(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Would PyTorch run the module as one operator, in evaluation and without gradients?

    The conditions are those of ``nn.MultiheadAttention`` and ``nn.TransformerEncoderLayer``, with
    parameters and inputs of one type on one device.
    """
    if torch.is_autocast_enabled("cpu"):
        return False
    if isinstance(module, nn.TransformerEncoderLayer):
        return (
            _fuses(module.self_attn, args[0] if args else kwargs.get("src"))
            and bool(module.activation_relu_or_gelu)
            and module.norm1.eps == module.norm2.eps
            and not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
        )
    names = ("query", "key", "value", "key_padding_mask", "need_weights", "attn_mask")
    given = dict(zip(names, args, strict=False)) | kwargs
    query = given.get("query")
    masks = (given.get("key_padding_mask"), given.get("attn_mask"))
    return (
        query is given.get("key")
        and query is given.get("value")
        and not any(mask is not None and mask.is_floating_point() for mask in masks)
        and _fuses(module, query)
    )


def _fuses(attention: Any, query: Any) -> bool:
    return (
        isinstance(query, Tensor)
        and query.dim() == 3
        and attention.batch_first
        and attention.num_heads % 2 == 0
        and attention.in_proj_weight is not None
        and attention.in_proj_bias is not None
        and attention.bias_k is None
        and attention.bias_v is None
        and not attention.add_zero_attn
    )
