"""Where more of a batch, or more threads, no longer pay.

The knee of throughput against latency is where their quotient, Kleinrock's *power*, is largest (L. Kleinrock,
"Power and deterministic rules of thumb for probabilistic problems in computer communications", ICC 1979). With
X images a second at batch n a call takes n / X seconds, so that power is X^2 / n. Of n threads the same number
is, but for a factor, the quotient of efficiency and time, whose maximum is the knee of D. L. Eager, J. Zahorjan
and E. D. Lazowska, "Speedup versus efficiency in parallel systems", IEEE Trans. Computers 38 (1989). Both say
the same of a doubling: it pays as long as throughput grows to more than sqrt(2) = 1.41 times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lightbench.stats.ratio import Ratio
from lightbench.studies.scaling.series import Point, Series, divided, throughput_ratio


@dataclass(frozen=True)
class Knee:
    """``points`` among which the knee is: one, where the intervals allow to say which. With ``last`` it may
    lie beyond, as the largest point is one of them."""

    points: tuple[Point, ...]
    last: bool

    @property
    def known(self) -> Point | None:
        """The knee itself."""
        return self.points[0] if len(self.points) == 1 and not self.last else None


def knee(series: Series) -> Knee | None:
    """None on an axis that has none, and with fewer than two points."""
    timed = series.timed
    if not series.about.knee or len(timed) < 2:
        return None
    left = tuple(p for p in timed if not any(_better(q, p) for q in timed if q is not p))
    return Knee(left, last=timed[-1] in left)


def _better(a: Point, b: Point) -> bool:
    """Is the power of ``a`` the larger of the two, its whole interval above?"""
    low = power_ratio(b, a).log_low
    return low is not None and low > 0


def power_ratio(a: Point, b: Point) -> Ratio:
    """Power of ``b`` over that of ``a``: the throughput's ratio, squared, over that of the sizes."""
    speed = throughput_ratio(a.record, b.record)
    root = divided(speed, math.sqrt(b.size / a.size))
    low, high = (None if x is None else 2 * x for x in (root.log_low, root.log_high))
    return Ratio(2 * root.log, low, high, root.n)
