"""How well a share is known that was counted: Wilson's interval."""

from __future__ import annotations

import math
from statistics import NormalDist

from lightbench.stats.interval import Interval
from lightbench.stats.median import CONFIDENCE


def wilson(right: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """The share ``right / of`` of independent trials with its score interval, without correction for continuity:
    all shares that a test at 1 - ``confidence`` would not refuse (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212;
    method 3 of Newcombe 1998, Statistics in Medicine 17, 857-872). Never outside 0 to 1, and of some width even where
    nothing, or all, is right. Raises ValueError for what is no count of some."""
    if not 0 <= right <= of or not of:
        raise ValueError(f"a share is of some, from none to all of them, got {right} of {of}")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, got {confidence!r}")
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = right / of
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = math.sqrt(z2 * (share * (1 - share) / of + z2 / (4 * of**2))) / (1 + z2 / of)
    # what rounding adds may be beyond them
    return Interval(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))
