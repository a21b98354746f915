"""A latency beside stored samples of another time: with limits that the stored drift justifies. Pure.

Nothing pairs them, so that what the machine did in between counts as if the code had done it. On a
noisy machine of two cores identical code, ten minutes apart, differed by more than 5 % in 64 of 100
cases; a limit below 20 % was never found to hold, however long each side was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lightbench.stats.median import median
from lightbench.stats.restarts import t_quantile
from lightbench.stats.verdict import ALPHA, Verdict

FLOOR = 0.20  # no limit is narrower than this


@dataclass(frozen=True)
class Drift:
    """The sessions of a baseline: their median, and by what fraction a new one may differ from it."""

    median_s: float
    limit: float
    sessions: int


def drift(medians_s: Sequence[float], alpha: float = ALPHA) -> Drift:
    """From the medians of sessions at different times: the prediction interval for one more,
    t * s * sqrt(1 + 1/n) on logarithms, and never less than 20 %. With one session the spread is not
    known: 20 %. Raises ValueError without any."""
    logs = [math.log(time) for time in medians_s]
    centre, n = median(logs), len(logs)
    limit = math.log1p(FLOOR)
    if n > 1:
        mean = sum(logs) / n
        spread = math.sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1))
        limit = max(limit, t_quantile(1 - alpha, n - 1) * spread * math.sqrt(1 + 1 / n))
    return Drift(math.exp(centre), math.expm1(limit), n)


def judge_stored(before: Drift, low_s: float | None, high_s: float | None) -> Verdict:
    """``slower`` if the whole interval of the new median is beyond the limit, ``faster`` mirrored,
    ``unclear`` without an interval or where it reaches beyond; ``same``: no change as large as that
    is known, which is all that can be said."""
    if low_s is None or high_s is None:
        return "unclear"
    limit = math.log1p(before.limit)
    low, high = (math.log(time) - math.log(before.median_s) for time in (low_s, high_s))
    if low > limit:
        return "slower"
    if high < -limit:
        return "faster"
    return "same" if -limit <= low and high <= limit else "unclear"
