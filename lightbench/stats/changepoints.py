"""Where a series of measured times changed its level: Pettitt's test in seeded windows. Pure.

A.N. Pettitt, A non-parametric approach to the change-point problem (Applied Statistics 28, 1979): at
each place the values before are ranked against those after; the place with the largest |U| is the
change. Only the order of the values counts, so that a single outlier does little and the shape of the
noise does not matter.

One test of the whole series would not see a slowdown that was repaired later, nor a recent one in a
long history. So it is made in windows of many lengths, and the strongest first: S. Kovacs, P.
Buhlmann, H. Li and A. Munk, Seeded binary segmentation (Biometrika 110, 2023). The windows are so many
that the limit of p is divided by their number.

The test takes values for independent and the level for constant between changes. A slow drift is
therefore marked as one or more steps, and days on which the machine was slow as a step there and back:
of simulated series of 60 values without a change none in 400 was marked, but 15 % where each value was
correlated by 0.5 with the one before, and 45 % by 0.7.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from lightbench.stats.median import median

SIDE = 5  # values on each side of a change, in the window where it is found
ALPHA = 0.01  # of a series without a change to be marked at all
SIZE = 0.02  # smaller changes are not worth a look
SHORTEST = 16  # values; in fewer not even a clean step in the middle has p < 0.01


@dataclass(frozen=True)
class Step:
    """From index ``at`` on the median is ``ratio`` times that of the values before, each reckoned up
    to the neighbouring step. ``p``: how likely noise alone has a step as clear in that window."""

    at: int
    ratio: float
    p: float


def steps(values: Sequence[float]) -> list[Step]:
    """The changes of level in ``values`` (above zero, in time order), first to last.

    A change has 5 values or more on each side, p < 0.01 divided by the number of windows, and a size
    of 2 % or more. Fewer than 16 values have none. In noise of 2 % a step of 5 % is mostly seen when
    there are 11 values after it (of 30) to 14 (of 1,000). Takes O(n log(n)^2). The reverse of a series has its
    steps in the same places, turned over (but where two places mirror each other in all). Raises
    ValueError for a value that is not finite and above zero.
    """
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError("values must be finite and above zero")
    logs = [math.log(value) for value in values]
    tested = windows(len(logs))
    found = []
    for start, end in tested:
        at, p = pettitt(logs[start:end])
        if p < ALPHA / len(tested):
            at += start
            found.append((p, *_clearest(logs, start, at, end), at, start, end))
    accepted: dict[int, float] = {}
    for p, *_, at, start, end in sorted(found):
        if not any(start < other < end for other in accepted):
            accepted[at] = p
    return _sized(logs, accepted)


def _sized(logs: Sequence[float], found: dict[int, float]) -> list[Step]:
    """With the size from neighbour to neighbour; what is then too small goes, the smallest first."""
    places = sorted(found)
    while places:
        ends = [0, *places, len(logs)]
        sizes = [_size(logs, *ends[i : i + 3]) for i in range(len(places))]
        smallest = min(range(len(places)), key=lambda i: abs(sizes[i]))
        if abs(sizes[smallest]) >= math.log1p(SIZE):
            return [
                Step(at, math.exp(size), found[at]) for at, size in zip(places, sizes, strict=True)
            ]
        del places[smallest]
    return []


def _size(logs: Sequence[float], start: int, at: int, end: int) -> float:
    """How much higher the median is from ``at`` to ``end`` than before."""
    return median(logs[at:end]) - median(logs[start:at])


def windows(n: int) -> list[tuple[int, int]]:
    """Start and end of the windows for ``n`` values: each length is the one before over sqrt(2), down
    to 16, and there are as many as overlap by half (Kovacs et al. 2023, definition 1). In whole
    numbers, rounded outwards: the reverse of a series has the same windows."""
    found = [(0, n)] if n >= SHORTEST else []
    layer = 1
    while (length := math.ceil(n / 2 ** (layer / 2))) >= SHORTEST:
        last = 2 * math.ceil(2 ** (layer / 2)) - 2
        spare = n - length
        found += [(i * spare // last, -(-i * spare // last) + length) for i in range(last + 1)]
        layer += 1
    return found


def pettitt(values: Sequence[float]) -> tuple[int, float]:
    """The index from which on ``values`` have another level, and how likely noise alone shows one as
    clear: K = max |U|, p about 2 exp(-6 K^2 / (n^3 + n^2)), at most 1.

    With mid-ranks R, U(t) = sum over i < t of 2 R(i) - n - 1. Of places with the same |U|, one
    between values that differ; then the one whose sides differ most, whose two neighbours do, and
    which is nearest to the middle. Takes O(n log n).
    Raises ValueError for fewer than 10 values.
    """
    n = len(values)
    if n < 2 * SIDE:
        raise ValueError(f"a change needs {SIDE} values on each side")
    u, sums = 0, []
    for twice_rank in _twice_midranks(values):
        u += twice_rank - n - 1
        sums.append(abs(u))
    inner = range(SIDE, n - SIDE + 1)
    largest = max(sums[t - 1] for t in inner)
    tied = [t for t in inner if sums[t - 1] == largest]
    at = tied[0] if len(tied) == 1 else min(tied, key=lambda t: _clearest(values, 0, t, n))
    return at, min(1.0, 2 * math.exp(-6 * largest**2 / (n**3 + n**2)))


def _clearest(
    values: Sequence[float], start: int, at: int, end: int
) -> tuple[bool, float, float, int]:
    """Of places that are as likely, the smallest is taken; the same from both ends of a series."""
    sides, neighbours = abs(_size(values, start, at, end)), abs(values[at] - values[at - 1])
    return not neighbours, -sides, -neighbours, abs(2 * at - len(values))


def _twice_midranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value from 1 on, equal values sharing the mean of theirs: as many are
    smaller, and as many smaller or equal, and 1."""
    ordered = sorted(values)
    return [bisect_left(ordered, value) + bisect_right(ordered, value) + 1 for value in values]
