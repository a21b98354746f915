"""What samples of time say: the median and its exact interval.

Medians, because what disturbs a timing only ever adds to it; intervals from order statistics,
because they need no assumption about the shape of the noise, no bootstrap and no seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache

from lightbench.stats.interval import Interval

CONFIDENCE = 0.95
ENOUGH = 6  # samples; with fewer, not even the full range bounds the median with 95 %


def _ordered(xs: Iterable[float]) -> list[float]:
    ordered = sorted(xs)
    if not ordered:
        raise ValueError("a statistic needs at least one value")
    if not all(map(math.isfinite, ordered)):  # NaN has no place in an order
        raise ValueError("a statistic needs finite values")
    return ordered


def _median(ordered: Sequence[float]) -> float:
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (below + above) / 2


def _quantile(ordered: Sequence[float], q: float) -> float:
    position = (len(ordered) - 1) * q
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median(xs: Iterable[float]) -> float:
    """The middle value, or the mean of the middle two. Raises ValueError for none, NaN or inf."""
    return _median(_ordered(xs))


def quantile(xs: Iterable[float], q: float) -> float:
    """The value below which a fraction ``q`` lies, interpolated between neighbours: definition 7 of
    Hyndman and Fan, Sample Quantiles in Statistical Packages (1996), the default of numpy and R.
    Raises ValueError for ``q`` outside 0 to 1, and for no values, NaN or inf."""
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, got {q!r}")
    return _quantile(_ordered(xs), q)


@cache
def median_rank(n: int, confidence: float = CONFIDENCE) -> int | None:
    """The largest k for which the k-th smallest and the k-th largest of ``n`` values enclose the
    median with at least ``confidence``; None where even the full range does not.

    The number of values below the median is binomial(n, 1/2), so the two enclose it with
    probability P(k <= B <= n - k), whatever the distribution (David and Nagaraja, Order Statistics,
    3rd ed., section 7.1). That sum is taken from the middle outwards: about sqrt(n) terms and no
    approximation, with a rounding error below n * 1e-15. Raises ValueError for a confidence
    outside 0 to 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, got {confidence!r}")
    k = n // 2
    # P(B = k) in the middle: binomial(n, k) / 2^n as the product 1/2 * 3/4 * 5/6 * ...
    probability = math.prod((2 * i - 1) / (2 * i) for i in range(1, (n + 1) // 2 + 1))
    coverage = probability * (1 + n % 2)  # an odd n has two middle terms
    while coverage < confidence and k > 0:
        probability *= k / (n - k + 1)
        k -= 1
        coverage += 2 * probability
    return k or None


def _median_interval(ordered: Sequence[float], confidence: float) -> tuple[float, float] | None:
    rank = median_rank(len(ordered), confidence)
    return None if rank is None else (ordered[rank - 1], ordered[-rank])


def median_interval(
    xs: Iterable[float], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Bounds that enclose the true median with at least ``confidence``, whatever the distribution
    of independent values (see `median_rank`); None with too few of them (fewer than 6 for 95 %).
    Ties only make it safer. Raises ValueError for no values, NaN or inf."""
    return _median_interval(_ordered(xs), confidence)


def interval_of(values: Iterable[float]) -> Interval:
    """The median of values with its exact 95 % interval; no bounds with fewer than 6 of them. Raises
    ValueError for no values, NaN or inf."""
    ordered = _ordered(values)
    low, high = _median_interval(ordered, CONFIDENCE) or (None, None)
    return Interval(_median(ordered), low, high)


def half_width(xs: Iterable[float]) -> float | None:
    """Half of the median's 95 % interval as a fraction of the median, of times above zero: 0.01 is
    known within 1 %. None with too few values. The same figure as ``Latency.rel``."""
    ordered = _ordered(xs)
    interval = _median_interval(ordered, CONFIDENCE)
    return None if interval is None else (interval[1] - interval[0]) / 2 / _median(ordered)


def by_round(times: Sequence[float], samples_per_round: int) -> list[float]:
    """The median time of each round: calls that follow one another share what disturbs the machine,
    so that rounds are the independent values which an interval needs."""
    if samples_per_round == 1:
        return list(times)
    k = samples_per_round
    return [median(times[i : i + k]) for i in range(0, len(times), k)]
