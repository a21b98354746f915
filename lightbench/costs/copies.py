"""The caller's inputs for a pass on tensors without values: copies, whatever object holds them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench.costs.reach import ATOMS, inside
from lightbench.errors import UsageError

Inputs = tuple[tuple[Any, ...], dict[str, Any]]  # args and kwargs of one forward call


def check_inputs(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises UsageError for a generator and its like, which can be run through once only."""
    for value in pytree.tree_leaves((args, kwargs)):
        if isinstance(value, Iterator) and not isinstance(value, Tensor):
            raise UsageError(
                f"an input is a {type(value).__name__}, and a network is run more than once.",
                "Give a list or a tuple.",
            )


def on_meta(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
    """A copy of inputs of any form in which every tensor has lost its values: of containers, own
    classes and what they hold. Raises what an object raises that cannot be copied."""
    inputs = (args, kwargs)
    copied: Inputs = copy.deepcopy(inputs, {id(t): _without_values(t) for t in _tensors(inputs)})
    return copied


def _tensors(values: Any) -> list[Tensor]:
    seen: dict[int, Any] = {}
    found = [values]
    while found:
        value = found.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            if not isinstance(value, Tensor):
                found += [inner for inner in inside(value) if type(inner) not in ATOMS]
    return [value for value in seen.values() if isinstance(value, Tensor)]


def _without_values(tensor: Tensor) -> Tensor:
    if tensor.is_meta:
        return tensor.detach()  # its shape is the caller's, too
    if tensor.layout is not torch.strided or tensor.is_nested:
        return tensor.to("meta")
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(made, tensor.requires_grad)
    return made
