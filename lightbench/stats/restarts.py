"""What several restarts of two processes say together. Pure.

A process keeps for its whole life what it was dealt at its start: where its memory lies, how its
hashes fall. So its iterations are not independent of one another, however many there are; restarts
are, and each of them counts as one value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from lightbench.stats.ratio import Ratio

GRAIN = 1e-9  # of a log ratio: what differs by less differs by rounding


def restart_ratio(logs: Sequence[float], confidence: float, errors: Sequence[float] = ()) -> Ratio:
    """The ratio of two sides over restarts: the mean of ``logs``, the median log ratio of each, with
    its interval by Student's t with n - 1 degrees of freedom.

    ``errors``, if there are any, are the half widths of each restart's own interval: log ratios, of
    the same ``confidence``. They are a floor: a mean of n restarts is known no better than if restarts
    did not differ at all, sqrt(sum of squares) / n, however well these few agree by chance.

    Without bounds (None) for a single restart; and for restarts that agree within a billionth when the
    errors are as small: that is the grain of a clock, not certainty. Swapping the sides mirrors the
    result to the last bit. Raises ValueError for no restarts, for values that are not finite, for
    errors below zero or of another number, and for a confidence that is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, got {confidence!r}")
    if not logs or (errors and len(errors) != len(logs)):
        raise ValueError(f"restarts need one error each, got {len(logs)} and {len(errors)}")
    if not all(map(math.isfinite, (*logs, *errors))) or any(error < 0 for error in errors):
        raise ValueError("log ratios must be finite, and their errors finite and not below zero")
    n = len(logs)
    # Rounded once, and never outside what was measured: equal values have that value as their mean.
    mean = min(max(math.fsum(logs) / n, min(logs)), max(logs))
    half = math.hypot(*errors) / n
    if n > 1:
        spread = math.hypot(*(log - mean for log in logs)) / math.sqrt(n * (n - 1))
        half = max(half, t_quantile(confidence, n - 1) * spread)
    if n == 1 or half < GRAIN:
        return Ratio(log=mean, log_low=None, log_high=None, n=n)
    return Ratio(log=mean, log_low=mean - half, log_high=mean + half, n=n)


@cache
def t_quantile(confidence: float, degrees: int) -> float:
    """The t that Student's T stays within, to both sides, with probability ``confidence``. By
    bisection of the angle atan(t / sqrt(degrees)), which has two ends where t has one."""
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(middle)


def _within(angle: float, degrees: int) -> float:
    """P(|T| <= t) of Student's T, for t = sqrt(degrees) * tan(angle): the finite series 26.7.3 (odd
    degrees) and 26.7.4 (even) of Abramowitz and Stegun, Handbook of Mathematical Functions (1964)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for i in range(2 + odd, degrees + 1, 2):  # the power of the cosine is i - 2
        total += term
        term *= cosine**2 * (i - 1) / i
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
