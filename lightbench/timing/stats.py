"""What samples of time say: the median, its exact interval, and the ratio of two sides in pairs.

Medians, because what disturbs a timing only ever adds to it; intervals from order statistics,
because they need no assumption about the shape of the noise, no bootstrap and no seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from lightbench.errors import UsageError
from lightbench.nouns import Interval
from lightbench.records import Latency, Samples

CONFIDENCE = 0.95

# Share of its wall time that a call running alone on one thread spends on the CPU. Measured on a
# quiet machine it is above 0.99; time slices taken away by other programs show long before 0.95.
CPU_SHARE = 0.95
CALM_FRACTION = 0.25  # the fastest quarter of the samples is what the machine does undisturbed
LAUNCH_BOUND = 0.9
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
    approximation, with a rounding error below n * 1e-15. Raises UsageError for a confidence
    outside 0 to 1.
    """
    if not 0 < confidence < 1:
        raise UsageError(
            f"a confidence lies between 0 and 1, got {confidence!r}.", "0.95 is usual, 0.99 strict."
        )
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


def summarize(samples: Samples) -> Latency:
    """The latency that samples show, in seconds per call: the median over rounds with its 95 %
    interval; of all calls the minimum, the 90th percentile from 10 samples on and the 99th from 100
    on. Raises ValueError without samples."""
    rounds = _ordered(by_round(samples.times_s, samples.samples_per_round))
    ordered = _ordered(samples.times_s)
    n = len(ordered)
    low, high = _median_interval(rounds, CONFIDENCE) or (None, None)
    return Latency(
        median_s=_median(rounds),
        low_s=low,
        high_s=high,
        p90_s=_quantile(ordered, 0.90) if n >= 10 else None,
        p99_s=_quantile(ordered, 0.99) if n >= 100 else None,
        min_s=ordered[0],
        n=n,
        cpu_median_s=median(samples.cpu_s) if samples.cpu_s else None,
    )


def contended(samples: Samples, threads: int | None) -> bool:
    """Did other programs take the CPU away while these samples were taken on it?

    With one thread a call that runs undisturbed is on the CPU all the time: contended if the median
    share is below 0.95. With several (or unknown: None) the calling thread may rightly wait for the
    others, so the share is held against that of the fastest quarter of the samples: contended if
    usual samples wait more than the calm ones did. False where it cannot be known: without a
    thread clock, with one too coarse for these calls (it reads 0), or with fewer than 6 samples.
    """
    if len(samples.cpu_s) < ENOUGH or min(samples.cpu_s) == 0:
        return False
    by_wall = sorted(zip(samples.wall_s, samples.cpu_s, strict=True))
    shares = [cpu / wall for wall, cpu in by_wall]
    calm = 1.0 if threads == 1 else median(shares[: math.ceil(len(shares) * CALM_FRACTION)])
    return median(shares) < CPU_SHARE * calm


def launch_bound(samples: Samples) -> bool:
    """Did the host need more than 90 % of a call's time to launch it, so that the device waited?
    False where that is not known."""
    if not samples.launch_s:
        return False
    return median(samples.launch_s) > LAUNCH_BOUND * median(samples.wall_s)


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
    logs = _ordered(math.log(y) - math.log(x) for x, y in zip(a, b, strict=True))
    low, high = _median_interval(logs, confidence) or (None, None)
    return Ratio(log=_median(logs), log_low=low, log_high=high, n=len(logs))
