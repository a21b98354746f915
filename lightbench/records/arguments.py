"""Ready arguments of any form: what is in them, their tensors replaced, and how they are described."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence
from torch.utils import _pytree as pytree

from lightbench.records.inputs import Entries, Input, InputSpec, Items, Named, Other, Plain, Value
from lightbench.units import unicode

T = TypeVar("T")


def map_tensors(change: Callable[[Tensor], Tensor], arguments: T) -> T:
    """The same lists, dictionaries, named tuples, data classes and packed sequences, of other tensors.
    An object of another kind stays what it is."""

    def changed(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            return change(leaf)
        if isinstance(leaf, PackedSequence):  # its sizes stay on the host
            return leaf._replace(data=change(leaf.data))
        if not _is_data(leaf):
            return leaf
        twin = copy.copy(leaf)
        for field in dataclasses.fields(leaf):
            value = map_tensors(change, getattr(leaf, field.name, None))
            object.__setattr__(twin, field.name, value)  # it may be frozen
        return twin

    mapped: T = pytree.tree_map(changed, arguments, is_leaf=_is_packed)
    return mapped


def tensors_in(arguments: Any) -> Iterator[Tensor]:
    """The tensors that `map_tensors` finds, the first ones first."""
    found: list[Tensor] = []

    def noted(x: Tensor) -> Tensor:
        found.append(x)
        return x

    map_tensors(noted, arguments)
    return iter(found)


def _is_packed(value: Any) -> bool:
    return isinstance(value, PackedSequence)


def _is_data(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def batch_of(arguments: Any) -> int:
    """What the first tensor says that is of any size: its first dimension; 1 where there is none."""
    sized = (x for x in tensors_in(arguments) if x.is_nested or (x.dim() and x.numel()))
    return next((x.size(0) for x in sized), 1)


def bytes_of(arguments: Any) -> int:
    """What its tensors take; of sparse ones what they would take as arrays is not it, and left out."""
    return sum(x.nbytes for x in tensors_in(arguments) if x.layout is torch.strided)


def described(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], batch: int | None, dtype: str
) -> tuple[Input, ...]:
    """How a case stores arguments. Tensors whose first size is the ``batch`` have it there; others,
    and all where it is None, have none."""
    named = (
        Named(name=unicode(str(name)), of=_form(value, batch, dtype))
        for name, value in kwargs.items()
    )
    return (*(_form(value, batch, dtype) for value in args), *named)


def _form(value: Any, batch: int | None, dtype: str) -> Plain:
    def forms(values: Any) -> tuple[Plain, ...]:
        return tuple(_form(one, batch, dtype) for one in values)

    match value:
        case Tensor() if value.is_nested:
            return Other(type="NestedTensor")
        case Tensor():
            return _spec(value, batch, dtype)
        case list() if type(value) is list:
            return Items(items=forms(value))
        case tuple() if type(value) is tuple:
            return Items(items=forms(value), kind="tuple")
        case dict() if type(value) is dict and all(type(key) is str for key in value):
            named = zip(map(unicode, value), forms(value.values()), strict=True)
            return Entries(entries=tuple(Named(name=name, of=of) for name, of in named))
    try:
        return Value(literal=Value.literal_of(value))
    except ValueError:
        return Other(type=unicode(type(value).__name__), holds=forms(_held(value)))


def _held(value: Any) -> list[Any]:
    """What an object has inside, as far as everybody can see."""
    if _is_data(value):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (tuple, list)) else []


def _spec(x: Tensor, batch: int | None, dtype: str) -> InputSpec:
    kind = str(x.dtype).removeprefix("torch.")
    shape = tuple(x.shape)
    leading = batch is not None and shape[:1] == (batch,) and x.numel() > 0
    return InputSpec(
        shape=shape[1:] if leading else shape,
        dtype=None if kind == dtype else kind,
        batch_at=0 if leading else None,
    )
