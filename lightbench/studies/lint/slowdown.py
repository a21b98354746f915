"""Between the points of a sweep: how much slower something of this ratio, or with so many groups, is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def slowdown(points: Sequence[tuple[float, float]], at: float) -> float:
    """Interpolate (x, slowdown) on a logarithmic x; beyond the ends the slowdown of the end."""
    ordered = sorted(points)
    if at <= ordered[0][0]:
        return ordered[0][1]
    for (x0, y0), (x1, y1) in pairwise(ordered):
        if at <= x1:
            share = math.log(at / x0) / math.log(x1 / x0)
            return y0 + share * (y1 - y0)
    return ordered[-1][1]
