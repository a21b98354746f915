"""The ceilings below which every operator stays: multiply-adds per second, and bytes per second by where the bytes
are (Williams, Waterman, Patterson: Roofline, CACM 2009; with caches: Ilic, Pratas, Sousa, IEEE CAL 2014).

They are bounds from above. A peak is the shortest time of the best of several shapes, while a network's time is a
median; and where bytes may come from a cache or not, they come from the cache:

- An operator's activations move as fast as a map that is as large as the larger of what it reads and what it writes.
  (Not as their sum: what the operator before has just written may be in the cache although both do not fit.)
- Its weights were used a call ago, and since then all others: they move as fast as a map that is as large as all
  parameters together.
- Both at the best speed of any map that is as large as the largest measured one that is not larger, or larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightbench.records import CONV_KINDS, Costs, Op, Record
from lightbench.records.facets import shared
from lightbench.studies.roofline.points import (
    CONV_START,
    EAGER,
    EXPERIMENT,
    PRODUCTS,
    SPATIAL,
    START,
    STREAMS,
    labels,
)
from lightbench.studies.sweep.plan import Point

FEWER = 1.25  # times the MAdds/s of a product: what a 3x3 convolution attains by doing fewer, not by luck


@dataclass(frozen=True)
class Peak:
    """So much per second, in the shortest call of this record; a ``size`` is that of the map that was moved, in
    bytes."""

    value: float
    record: Record
    size: int = 0


@dataclass(frozen=True)
class Ceilings:
    """Of one device with one engine, precision, layout and thread count. ``maps`` stand from small to large."""

    product: Peak  # MAdds/s of matrix products and 1x1 convolutions
    spatial: Peak  # of 3x3 convolutions, or the same where these attain no more
    maps: tuple[Peak, ...]
    start_s: float  # of an operator
    conv_start_s: float  # of a convolution, a linear layer, ...
    records: tuple[Record, ...]  # all that was measured for it, failed ones among them

    @property
    def record(self) -> Record:
        """One of those of the engine whose networks it is for, for what all of them share."""
        return next((r for r in self.records if r.case.engine != EAGER), self.records[0])

    @property
    def words(self) -> list[str]:
        """How these networks are run, for a title; peaks have inputs and batches of their own."""
        return [w for w in shared([self.record]) if not w.startswith(("input", "batch"))]

    @property
    def contended(self) -> bool:
        """Did other programs use the machine meanwhile? Then it may be too low."""
        return any(record.contended for record in self.records)

    @property
    def fewer(self) -> float | None:
        """How many times the MAdds/s of a product 3x3 convolutions attain, if it is so much that they do fewer
        multiplications than are counted: Winograd's algorithm needs up to 4 times fewer (F(4x4, 3x3): Lavin and
        Gray, CVPR 2016); None: they do not."""
        times = self.spatial.value / self.product.value
        return times if times > FEWER else None

    @property
    def cached(self) -> float:
        """Bytes per second of data that stay in the nearest cache."""
        return max(peak.value for peak in self.maps)

    @property
    def beyond(self) -> float:
        """Bytes per second of the largest map."""
        return self.maps[-1].value

    def bandwidth(self, size: float) -> float:
        """Bytes per second at best, for data of so many bytes that are used again and again."""
        fits = [i for i, peak in enumerate(self.maps) if peak.size <= size]
        return max(peak.value for peak in self.maps[fits[-1] if fits else 0 :])

    def madds_per_s(self, op: Op) -> float:
        """The peak that an operator is held against."""
        return (self.spatial if _is_spatial(op) else self.product).value


def is_peak(record: Record) -> bool:
    """Was it measured as a peak?"""
    return record.sweep is not None and record.sweep.experiment == EXPERIMENT


def ceilings_of(records: Iterable[Record]) -> Ceilings | None:
    """The ceilings that records hold, those of the last run if they hold several; None if a part is missing."""
    measured = [r for r in records if is_peak(r)]
    last = [
        r
        for r in measured
        if r.sweep and measured[-1].sweep and r.sweep.run == measured[-1].sweep.run
    ]
    products, spatial = _rates(last, PRODUCTS), _rates(last, SPATIAL)
    maps = _maps(last)
    start_s, conv_start_s = _start_s(last, START), _start_s(last, CONV_START)
    if not (products and maps and start_s and conv_start_s):
        return None
    best = max(products, key=_value)
    return Ceilings(
        best, max((best, *spatial), key=_value), maps, start_s, conv_start_s, tuple(last)
    )


def _value(peak: Peak) -> float:
    return peak.value


def is_fused(record: Record) -> bool:
    """Does its engine merge operators, so that what it moves is the fused account?"""
    return record.case.engine != EAGER


def moved(op: Op, *, fused: bool) -> int:
    """Bytes that an operator moves: 0 for one that an engine has merged into another."""
    return op.fused_bytes if fused else op.mem_bytes


def memory_s(op: Op, costs: Costs, ceilings: Ceilings, *, fused: bool) -> float:
    """The least time in which an operator of a network can move its bytes."""
    total = moved(op, fused=fused)
    weights = min(op.weight_bytes, total)
    activations = ceilings.bandwidth(max(op.read_bytes, op.write_bytes))
    return (total - weights) / activations + weights / ceilings.bandwidth(costs.param_bytes)


def _is_spatial(op: Op) -> bool:
    return op.kind in CONV_KINDS and op.kind != "pointwise conv"


def _of(records: Sequence[Record], names: Iterable[str]) -> list[Record]:
    wanted = set(names)
    found = [r for r in records if r.sweep and r.sweep.point in wanted]
    return [r for r in found if r.latency and r.costs and not r.suspicions]


def _per_s(record: Record, amount: float) -> float:
    assert record.latency is not None
    return amount / record.latency.min_s


def _rates(records: Sequence[Record], points: Sequence[Point]) -> list[Peak]:
    found = _of(records, labels(points))
    return [Peak(_per_s(r, r.costs.madds), r) for r in found if r.costs and r.costs.madds]


def _maps(records: Sequence[Record]) -> tuple[Peak, ...]:
    """The best of each size, whatever engine."""
    best: dict[int, Peak] = {}
    for record in _of(records, labels(STREAMS)):
        assert record.costs is not None
        total = sum(moved(op, fused=is_fused(record)) for op in record.costs.ops)
        size = max(op.write_bytes for op in record.costs.ops)
        peak = Peak(_per_s(record, total), record, size)
        if total and (size not in best or peak.value > best[size].value):
            best[size] = peak
    return tuple(best[size] for size in sorted(best))


def _start_s(records: Sequence[Record], point: str) -> float | None:
    """Seconds an operator, in the engine that the networks run in."""
    found = _of(records, [point])
    if not found:
        return None
    own = [r for r in found if is_fused(r)] or found
    return min(r.latency.min_s / max(len(r.costs.ops), 1) for r in own if r.latency and r.costs)
