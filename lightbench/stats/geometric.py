"""What several ratios come to: their geometric mean, with its interval by the bootstrap. Pure.

The only mean of ratios that is the same whichever side is the reference (Fleming and Wallace, How not to lie
with statistics, Communications of the ACM 29, 1986).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import NormalDist

from lightbench.stats.median import CONFIDENCE, quantile
from lightbench.stats.ratio import Ratio
from lightbench.stats.restarts import t_quantile

DRAWS = 2000
FEWEST = 5  # ratios; fewer have no interval


def geometric_mean(logs: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """The geometric mean of ratios, given as natural logarithms: of ``n`` networks, say.

    Its interval is for the mean over all networks of which these are a random sample: means of as many drawn
    with replacement, the same draws each time. Plain percentiles of these are too narrow for few values; they
    are taken further out, to cover what Student's t would (the expanded percentile interval of Hesterberg,
    What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015).
    Without bounds for fewer than 5. Swapping the sides mirrors it, but for rounding. Raises ValueError for no
    ratios and for logarithms that are not finite.
    """
    n = len(logs)
    if not n or not all(map(math.isfinite, logs)):
        raise ValueError(f"a mean of ratios needs finite logarithms, got {list(logs)}")
    mean = math.fsum(logs) / n
    if n < FEWEST:
        return Ratio(mean, None, None, n)
    rng = random.Random(0)
    drawn = [math.fsum(rng.choices(logs, k=n)) / n for _ in range(DRAWS)]
    tail = NormalDist().cdf(-math.sqrt(n / (n - 1)) * t_quantile(confidence, n - 1))
    return Ratio(mean, quantile(drawn, tail), quantile(drawn, 1 - tail), n)
