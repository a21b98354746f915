"""How well one number ranks, or is in proportion to, another: correlations with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lightbench.stats.median import median

FEWEST = 4  # the variances below divide by n - 3
Z = 1.959964  # of the normal distribution: 95 % lie within
PERFECT = 1e-12  # from 1, where the transform has no end and no interval can be told


@dataclass(frozen=True)
class Correlation:
    """From -1 to 1, with its 95 % interval; no bounds for exactly 1 or -1."""

    value: float
    low: float | None = None
    high: float | None = None


def linear(xs: Sequence[float], ys: Sequence[float]) -> Correlation | None:
    """Pearson's correlation, its interval by Fisher's z with variance 1 / (n - 3) (Fisher 1921). None
    with fewer than 4 pairs, or where one side is constant. Raises ValueError for unequal lengths."""
    r = _pearson(xs, ys)
    return None if r is None else _between(r, 1 / (len(xs) - 3))


def rank(xs: Sequence[float], ys: Sequence[float]) -> Correlation | None:
    """Spearman's rank correlation, ties averaged, its interval by Fisher's z with variance
    (1 + r^2 / 2) / (n - 3) (Bonett and Wright, Psychometrika 65, 2000). None and ValueError as above."""
    r = _pearson(ranks(xs), ranks(ys))
    return None if r is None else _between(r, (1 + r * r / 2) / (len(xs) - 3))


def ranks(xs: Sequence[float]) -> list[float]:
    """1 for the smallest; equal values share the mean of their places."""
    places: dict[float, list[int]] = {}
    for place, x in enumerate(sorted(xs), 1):
        places.setdefault(x, []).append(place)
    return [(places[x][0] + places[x][-1]) / 2 for x in xs]


def spread(xs: Sequence[float], times: Sequence[float]) -> float:
    """By what factor a time typically differs from proportion to ``xs``: exp of the median absolute
    deviation of log(time / x) from its median. 1 is in proportion. All values must be above 0; raises
    ValueError for none or unequal lengths."""
    logs = [math.log(time / x) for x, time in zip(xs, times, strict=True)]
    middle = median(logs)
    return math.exp(median(abs(log - middle) for log in logs))


def _pearson(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    pairs = list(zip(xs, ys, strict=True))
    if len(pairs) < FEWEST or len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    x_mean, y_mean = fmean(xs), fmean(ys)
    xy = math.fsum((x - x_mean) * (y - y_mean) for x, y in pairs)
    xx = math.fsum((x - x_mean) ** 2 for x in xs)
    yy = math.fsum((y - y_mean) ** 2 for y in ys)
    return xy / (math.sqrt(xx) * math.sqrt(yy))  # as good as 1 also where rounded beyond it


def _between(r: float, variance: float) -> Correlation:
    if 1 - abs(r) < PERFECT:
        return Correlation(math.copysign(1, r))
    z, half = math.atanh(r), Z * math.sqrt(variance)
    return Correlation(r, math.tanh(z - half), math.tanh(z + half))
