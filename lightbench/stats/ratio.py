"""The ratio of two sides that were timed in pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lightbench.stats.interval import Interval
from lightbench.stats.median import CONFIDENCE, median, median_interval


@dataclass(frozen=True)
class Ratio:
    """How many times the time of side a side b takes: 1.04 is 4 % slower, with its interval.

    Kept as natural logarithms, in which swapping the sides changes nothing but the sign; a verdict
    that compares ``log`` with +-log(1 + tolerance) is the exact mirror of its opposite.
    """

    log: float
    log_low: float | None  # None with too few pairs
    log_high: float | None
    n: int  # pairs

    @property
    def ratio(self) -> float:
        """b over a."""
        return _exp(self.log)

    @property
    def low(self) -> float | None:
        """Lower bound of the ratio."""
        return None if self.log_low is None else _exp(self.log_low)

    @property
    def high(self) -> float | None:
        """Upper bound of the ratio."""
        return None if self.log_high is None else _exp(self.log_high)

    @property
    def inverse(self) -> Ratio:
        """a over b: exactly what swapping the sides gives."""
        low = None if self.log_high is None else -self.log_high
        high = None if self.log_low is None else -self.log_low
        return Ratio(-self.log, low, high, self.n)

    @property
    def interval(self) -> Interval:
        """The ratio with its bounds."""
        return Interval(self.ratio, self.low, self.high)


def _exp(log: float) -> float:
    return (
        math.exp(log) if log >= 0 else 1 / math.exp(-log)
    )  # so that 1 / ratio is the other side's


def paired_ratio(a: Sequence[float], b: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Median of log(b / a) over paired rounds, with its exact interval.

    ``a[i]`` and ``b[i]`` are times of the same round, so that what disturbed the round divides out:
    of eight estimators on recorded noise this had the smallest error. Swapping the sides
    negates the logarithms and exchanges the bounds, to the last bit.
    Raises ValueError for unequal lengths, no pairs, and times that are not finite and above zero.
    """
    if len(a) != len(b):
        raise ValueError(f"pairs need two sides of the same length, got {len(a)} and {len(b)}")
    if not all(math.isfinite(time) and time > 0 for time in (*a, *b)):
        raise ValueError("times must be finite and above zero")
    # A difference of logarithms, not the logarithm of a quotient: only the first is exactly odd.
    logs = [math.log(y) - math.log(x) for x, y in zip(a, b, strict=True)]
    low, high = median_interval(logs, confidence) or (None, None)
    return Ratio(log=median(logs), log_low=low, log_high=high, n=len(logs))
