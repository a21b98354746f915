"""A network is asked about other values, in the same tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import torch
from torch import Tensor

TURNS = 7  # times that values can be rolled, and are others each time


def roll(tensors: Sequence[Tensor], turn: int) -> bool:
    """Put each tensor's values in other places of it; were any changed?"""
    changed = False
    with torch.no_grad():
        for tensor in tensors:
            by = turn * (tensor.numel() // (TURNS + 2) + 1)
            new = tensor.reshape(-1).roll(by).reshape(tensor.shape)
            changed = changed or not torch.equal(new, tensor)
            tensor.copy_(new)
    return changed


@contextmanager
def given_back(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Their values are as they were, afterwards."""
    before = [t.detach().clone() for t in tensors]
    try:
        yield
    finally:
        with suppress(Exception), torch.no_grad():
            for tensor, was in zip(tensors, before, strict=True):
                tensor.copy_(was)
