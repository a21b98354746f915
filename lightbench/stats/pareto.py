"""The Pareto front: what nothing else beats in both cost and quality."""

from __future__ import annotations

from collections.abc import Sequence


def front(costs: Sequence[float], qualities: Sequence[float]) -> set[int]:
    """Which of them (by position) are on the front: no other costs at most as much and is at least as
    good, and better in one of the two. Two that are equal in both are both on it. Raises ValueError
    for unequal lengths."""
    points = list(zip(costs, qualities, strict=True))
    return {i for i, point in enumerate(points) if not any(_beats(p, point) for p in points)}


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] >= other[1]
