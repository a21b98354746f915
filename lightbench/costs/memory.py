"""Tensors as they were: their memory, its shape and values, their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, is_
from typing import Any

import torch
from torch import Tensor, nn

_PLAIN = frozenset(
    (Tensor, nn.Parameter, nn.Buffer)
)  # a class of others may forbid what is done here
# Read for hundreds of tensors in every count, therefore without a function of Python's around it.
_POINTER, _SHAPE, _DATA = Tensor.data_ptr, attrgetter("shape"), attrgetter("data")
_TRAINED, _GRADIENT = attrgetter("requires_grad"), attrgetter("grad")


class Memory:
    """Tensors that are lent. Their values are kept only when something is about to overwrite them."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = [
            t
            for t in tensors
            if type(t) in _PLAIN and t.layout is torch.strided and not t.is_nested
        ]
        self._aliases = list(map(_DATA, self._tensors))  # the same memory in the same shape
        self._where = self._now()
        self._trained = list(map(_TRAINED, self._tensors))
        self._leaves = [t for t in self._tensors if type(t) is nn.Parameter or t.is_leaf]
        self._gradients = list(map(_GRADIENT, self._leaves))
        self._values: dict[int, tuple[Any, Any]] = {}  # storage -> itself, and a copy of it
        self._storages: set[int] | None = None  # of all of them; only a write asks for it

    @property
    def gradients(self) -> list[Tensor]:
        """Those that were there."""
        return [gradient for gradient in self._gradients if gradient is not None]

    def _now(self) -> list[Any]:
        return [*map(_POINTER, self._tensors), *map(_SHAPE, self._tensors)]

    def keep(self, tensor: Tensor) -> None:
        """Keep the values of a tensor's memory, if it was lent."""
        key = storage_of(tensor)
        if key is None or key in self._values:
            return
        if self._storages is None:
            self._storages = {s for alias in self._aliases if (s := storage_of(alias))}
        if key in self._storages:
            storage = tensor.untyped_storage()
            self._values[key] = (storage, storage.clone())  # type: ignore[no-untyped-call]

    def give_back(self) -> None:
        """Put memory, values, gradients and whether there are to be any back."""
        if self._now() != self._where:
            for tensor, alias in zip(self._tensors, self._aliases, strict=True):
                if tensor.data_ptr() != alias.data_ptr() or tensor.shape != alias.shape:
                    tensor.data = alias
        if list(map(_TRAINED, self._tensors)) != self._trained:
            for tensor, trained in zip(self._tensors, self._trained, strict=True):
                tensor.requires_grad_(trained)
        if not all(map(is_, map(_GRADIENT, self._leaves), self._gradients)):
            for tensor, gradient in zip(self._leaves, self._gradients, strict=True):
                tensor.grad = gradient
        for storage, values in self._values.values():
            if storage.nbytes() != values.nbytes():
                storage.resize_(values.nbytes())
            storage.copy_(values)


def storage_of(tensor: Tensor) -> int | None:
    """What tensors of the same memory have in common; None for one that has no such memory."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # sparse and nested ones
        return None
