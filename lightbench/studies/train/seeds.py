"""Chance that can be repeated: what an epoch draws depends on the seed and its number alone, so that one that is begun
again draws the same."""

from __future__ import annotations

import random

import numpy as np
import torch

_STEP = 1_000_003  # between seeds, so that 0 and 1 have no epoch in common


def begin(seed: int, epoch: int) -> int:
    """Seed Python, NumPy and PyTorch, and give the number; epoch -1 is before the first, when weights are drawn."""
    number = (seed * _STEP + epoch + 1) % 2**31
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002  users' augmentation draws from it
    torch.manual_seed(number)
    return number
