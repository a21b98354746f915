"""How well what was timed in rounds is known, and how much longer it takes to know it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lightbench.stats.median import half_width, median
from lightbench.stats.ratio import paired_ratio

if TYPE_CHECKING:
    from lightbench.timing.sampling import Visit


def rounds_half_width(rounds: Sequence[Mapping[str, Visit]], name: str) -> float:
    """Of the median of one case, as a fraction of it; infinite with too few rounds."""
    width = half_width(times(rounds, name))
    return math.inf if width is None else width


def ratio_half_width(rounds: Sequence[Mapping[str, Visit]], name: str, reference: str) -> float:
    """Half the interval of the logarithm: for small ones the same as a fraction of the ratio."""
    if reference not in rounds[-1]:
        return math.inf
    ratio = paired_ratio(times(rounds, reference), times(rounds, name))
    if ratio.log_low is None or ratio.log_high is None:
        return math.inf
    return (ratio.log_high - ratio.log_low) / 2


def times(rounds: Sequence[Mapping[str, Visit]], name: str) -> list[float]:
    """The times of one case, in seconds: the median of its visit in each round."""
    return [median(reading.time_s for reading in taken[name]) for taken in rounds]


def all_times(
    rounds: Sequence[Mapping[str, Visit]], names: Iterable[str]
) -> dict[str, list[float]]:
    """The same of several cases."""
    return {name: times(rounds, name) for name in names}


def seconds_left(
    done_s: float, rounds: int, budget_s: float, rel: float, look: tuple[int, float] | None
) -> float:
    """Seconds until convergence, of which the budget allows at most what is left of it. The half
    width shrinks as 1/sqrt(rounds): David and Nagaraja, Order Statistics, 3rd ed., section 10.2."""
    left = max(budget_s - done_s, 0.0)
    if look is None:
        return left
    rounds_then, worst = look
    missing = rounds_then * (worst / rel) * (worst / rel) - rounds
    return min(left, max(missing, 0.0) * done_s / rounds)
