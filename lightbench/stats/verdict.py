"""What the interval of a ratio says: slower, same, faster, or unclear; and when to look at it. Pure.

Every verdict is a statement about the whole interval, so that code which is within the tolerance is
called slower no more often than the interval misses the truth.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, get_args

from lightbench.stats.ratio import Ratio

Verdict = Literal["slower", "same", "faster", "unclear", "not comparable"]
"""Of side b, beside side a."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

ALPHA = 0.01  # how often a whole run may be wrong, over all its looks and comparisons
TOLERANCE = 0.02  # a difference as small as this is none
POWER = 0.95

LOOKS_S = (5.0, 10.0, 20.0, 40.0, 60.0)  # after the last they double


def looks_s(seconds: float) -> tuple[float, ...]:
    """When to look at what is known so far, if there are ``seconds``: after 5, 10, 20, 40, 60, 120
    ... of them, and at the end. Few looks, as each one takes its share of the permitted errors."""
    planned = list(LOOKS_S)
    while planned[-1] < seconds:
        planned.append(2 * planned[-1])
    return (*(look for look in planned if look < seconds), seconds)


def confidence(looks: int, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """The confidence of each interval, if all intervals of a run together may miss with probability
    ``alpha``: the error is split evenly over looks and comparisons (Bonferroni, which holds however
    they depend on one another)."""
    return 1 - alpha / (looks * comparisons)


def judge(ratio: Ratio, tolerance: float = TOLERANCE) -> Verdict:
    """``slower``: the whole interval of b over a is above 1 + tolerance; ``faster``: all of it below
    1 / (1 + tolerance); ``same``: all of it between the two; else, or without an interval,
    ``unclear``. Swapping the sides mirrors it exactly."""
    limit = math.log1p(tolerance)
    low, high = ratio.log_low, ratio.log_high
    if low is None or high is None:
        return "unclear"
    if low > limit:
        return "slower"
    if high < -limit:
        return "faster"
    return "same" if -limit <= low and high <= limit else "unclear"


def detectable(ratio: Ratio, tolerance: float, level: float) -> float | None:
    """The smallest slowdown, as a fraction, that an interval this wide is called slower for in 95 % of
    runs: the tolerance, half the interval of confidence ``level``, and 1.645 standard errors, which
    are half the interval over its normal quantile (the median of many values is close to normal)."""
    if ratio.log_low is None or ratio.log_high is None:
        return None
    half = (ratio.log_high - ratio.log_low) / 2
    error = half / NormalDist().inv_cdf((1 + level) / 2)
    return math.expm1(math.log1p(tolerance) + half + NormalDist().inv_cdf(POWER) * error)
