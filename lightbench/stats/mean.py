"""The mean of a few values, such as one of each seed, and how far they spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from lightbench.stats.median import CONFIDENCE
from lightbench.stats.restarts import t_quantile


class Mean(NamedTuple):
    """``deviation`` is that of the sample (n - 1), ``low`` and ``high`` bound the mean; None of a single value."""

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    n: int


def mean_of(values: Sequence[float], confidence: float = CONFIDENCE) -> Mean:
    """With its interval by Student's t with n - 1 degrees of freedom (Student 1908, Biometrika 6, 1-25). Raises
    ValueError for no values, NaN or inf."""
    n = len(values)
    if not n or not all(map(math.isfinite, values)):
        raise ValueError("a mean is of finite values, and of one at least")
    # Rounded once, and never outside of the values: equal ones have that value as their mean.
    mean = min(max(math.fsum(values) / n, min(values)), max(values))
    if n == 1:
        return Mean(mean, None, None, None, n)
    deviation = math.hypot(*(value - mean for value in values)) / math.sqrt(n - 1)
    half = t_quantile(confidence, n - 1) * deviation / math.sqrt(n)
    return Mean(mean, deviation, mean - half, mean + half, n)
