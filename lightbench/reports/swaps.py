"""Which networks swap places: two that one engine orders one way and another engine the other way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations

from lightbench.records import Case
from lightbench.reports.engines import EngineSet
from lightbench.reports.ratios import ratio_between
from lightbench.stats.ratio import Ratio


@dataclass(frozen=True)
class Swap:
    """``fast`` takes less than the time of ``slow`` by the engine that others are held against, and more by
    ``engine``. Both are sure: no interval of the two ratios, fast over slow, holds 1."""

    fast: Case
    slow: Case
    engine: str
    base: Ratio
    other: Ratio

    @property
    def size(self) -> float:
        """The smaller of the two differences, as a logarithm: what is nearly equal by one of them swaps little."""
        return min(-self.base.log, self.other.log)


@lru_cache(maxsize=4)  # a report asks for the same in its answer, its part and its table
def swaps(found: EngineSet) -> tuple[Swap, ...]:
    """Those of all engines, the largest first."""
    every = (swap for engine in found.engines[1:] for swap in _by(found, engine))
    return tuple(sorted(every, key=lambda swap: -swap.size))


def swapped_pairs(found: EngineSet) -> dict[tuple[Case, Case], list[Swap]]:
    """The same by the two networks: by which engines they swap places."""
    pairs: dict[tuple[Case, Case], list[Swap]] = {}
    for swap in swaps(found):
        pairs.setdefault((swap.fast, swap.slow), []).append(swap)
    return pairs


def pairs_held(found: EngineSet, engine: str) -> int:
    """How many pairs of networks both the engine and the one it is held against have ranked."""
    return len(list(combinations(_both(found, engine), 2)))


def _both(found: EngineSet, engine: str) -> list[tuple[Case, float, float]]:
    """Networks with their medians by the two."""
    times = ((n, found.median_s(n, found.base), found.median_s(n, engine)) for n in found.networks)
    return [(network, base, other) for network, base, other in times if base and other]


def _by(found: EngineSet, engine: str) -> Iterator[Swap]:
    for (fast, fast_base, fast_other), (slow, slow_base, slow_other) in permutations(
        _both(found, engine), 2
    ):
        if fast_base >= slow_base or fast_other <= slow_other:
            continue  # in the same order, so that their rounds need not be asked
        base = _beside(found, found.base, slow, fast)
        other = _beside(found, engine, slow, fast)
        if base and other and (base.log_high or 0) < 0 < (other.log_low or 0):
            yield Swap(fast, slow, engine, base, other)


def _beside(found: EngineSet, engine: str, a: Case, b: Case) -> Ratio | None:
    """Network ``b`` over network ``a`` by one engine."""
    one, other = found.record(a, engine), found.record(b, engine)
    return ratio_between(found.evidence, one, other) if one and other else None
