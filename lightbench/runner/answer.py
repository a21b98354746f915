"""What a network answered, in short: enough to tell whether it answers so again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

MOST = 1024  # numbers of each tensor that are kept, evenly spread over it
NOT_FINITE = "the output has NaN or infinite values"
ALIKE = 0.05  # the same answer twice, in whatever precision and order of sums, differs by far less

# What is no answer yet: its work is done by whoever reads it.
UNREAD = (Iterator, AsyncIterator, Awaitable, Future, torch.futures.Future)


class Answer(NamedTuple):
    """Shapes of all tensors in it, and some of their numbers, on the host; ``finite``: all numbers in it
    are; ``unread`` is the name of what in it is no answer yet, such as a generator."""

    shapes: tuple[tuple[int, ...], ...]
    numbers: tuple[Tensor, ...]
    finite: bool
    unread: str

    def like(self, other: Answer, within: float = ALIKE) -> bool:
        """The same shapes, and numbers within a fraction of their size? NaN is like any number."""
        if self.shapes != other.shapes:
            return False
        pairs = zip(self.numbers, other.numbers, strict=False)  # as many as there are shapes
        return all(not float((a - b).norm()) > within * float(b.norm()) for a, b in pairs)


def answer(outputs: Any) -> Answer:
    """In short what a call gave, once it is there."""
    leaves = pytree.tree_leaves(outputs)
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    unread = next((type(leaf).__name__ for leaf in leaves if isinstance(leaf, UNREAD)), "")
    shapes = tuple(tuple(tensor.shape) for tensor in tensors)
    numbers = tuple(map(_some, filter(_plain, tensors)))
    return Answer(shapes, numbers, all(map(_finite, tensors)), unread)


def _finite(tensor: Tensor) -> bool:
    """Are all floating-point numbers in it numbers?"""
    counts = tensor.is_floating_point() and not tensor.is_meta
    return not counts or bool(torch.isfinite(tensor).all())


def _plain(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta


def _some(tensor: Tensor) -> Tensor:
    flat = tensor.detach()
    flat = (torch.view_as_real(flat) if flat.is_complex() else flat).reshape(-1)
    few = flat[:: max(1, flat.numel() // MOST)][:MOST]
    return few.to(device="cpu", dtype=torch.float64, copy=True)
