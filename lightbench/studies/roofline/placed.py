"""Networks and layers below the ceilings of their device: the least time that they could take, over the time that
they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lightbench.records import Op, Record, launch_bound
from lightbench.stats.interval import Interval
from lightbench.studies.layers.shares import layers_of
from lightbench.studies.roofline.ceilings import Ceilings, ceilings_of, is_fused, memory_s, moved

Bound = Literal["compute", "memory", "launch"]


@dataclass(frozen=True)
class Placed:
    """A network (``op`` is None), or one operator of it."""

    record: Record
    op: Op | None
    madds: int
    mem_bytes: int  # in the account of its engine
    compute_s: float  # of its roofline time, what arithmetic is the ceiling of
    memory_s: float  # ... and what memory is
    start_s: float  # what starting its operators takes, which the roofline leaves out
    time: Interval | None  # seconds; None: not timed

    @property
    def roofline_s(self) -> float:
        """Seconds if every operator reached one of the ceilings."""
        return self.compute_s + self.memory_s

    @property
    def intensity(self) -> float | None:
        """MAdds per byte; None where nothing is moved."""
        return self.madds / self.mem_bytes if self.mem_bytes else None

    @property
    def efficiency(self) -> Interval | None:
        """Roofline time over measured time, with the interval of that; None where it was not timed, where
        its time cannot be, and where it has nothing to do."""
        if self.time is None or self.record.suspicions:
            return None
        if not self.time.median or not self.roofline_s:
            return None
        low, high = self.time.low, self.time.high
        return Interval(
            self.roofline_s / self.time.median,
            self.roofline_s / high if high and low else None,
            self.roofline_s / low if high and low else None,
        )

    @property
    def beyond(self) -> bool:
        """Is it faster than the ceilings allow, by more than its interval? Then one of these is too low,
        or less was done than was counted."""
        efficiency = self.efficiency
        return efficiency is not None and efficiency.low is not None and efficiency.low > 1

    @property
    def bound(self) -> Bound:
        """What most of its time goes into, at best."""
        waited = self.op is None and self.record.samples and launch_bound(self.record.samples)
        if waited or self.start_s > self.roofline_s:
            return "launch"
        return "compute" if self.compute_s >= self.memory_s else "memory"


@dataclass(frozen=True)
class Found:
    """What records hold: ceilings, the networks that were timed in the same rounds, and the layers of these."""

    ceilings: Ceilings
    networks: tuple[Placed, ...]
    layers: tuple[Placed, ...]

    @property
    def rows(self) -> tuple[Placed, ...]:
        """All that was placed."""
        return (*self.networks, *self.layers)


def found_in(records: Sequence[Record]) -> Found | None:
    """The last roofline of these records; None where they have no whole one."""
    ceilings = ceilings_of(records)
    if ceilings is None:
        return None
    runs = {record.run.id for record in ceilings.records if record.run}
    networks = {r.case: r for r in records if r.study == "profile" and _of(r, runs)}
    layers = {r.case: r for r in records if r.layers and r.case in networks}
    return Found(
        ceilings,
        tuple(network(r, ceilings) for r in networks.values()),
        tuple(row for r in layers.values() for row in layers_placed(r, ceilings)),
    )


def _of(record: Record, runs: set[str]) -> bool:
    """Was it timed in one of these runs, and asked for?"""
    return record.run is not None and record.run.id in runs and not record.run.anchor


def network(record: Record, ceilings: Ceilings) -> Placed:
    """A whole network."""
    ops = record.costs.ops if record.costs else ()
    time = record.latency
    interval = Interval(time.median_s, time.low_s, time.high_s) if time else None
    parts = [_placed(record, op, ceilings, None) for op in ops]
    return Placed(
        record,
        None,
        madds=sum(p.madds for p in parts),
        mem_bytes=sum(p.mem_bytes for p in parts),
        compute_s=sum(p.compute_s for p in parts),
        memory_s=sum(p.memory_s for p in parts),
        start_s=sum(p.start_s for p in parts),
        time=interval,
    )


def layers_placed(record: Record, ceilings: Ceilings) -> list[Placed]:
    """Each operator of a network whose operators were timed. Raises ValueError for another record."""
    return [
        _placed(record, op, ceilings, part.time) for part in layers_of(record) for op in part.ops
    ]


def _placed(record: Record, op: Op, ceilings: Ceilings, time: Interval | None) -> Placed:
    assert record.costs is not None
    fused = is_fused(record)
    size = moved(op, fused=fused)
    arithmetic = op.madds / ceilings.madds_per_s(op)
    memory = memory_s(op, record.costs, ceilings, fused=fused)
    start = ceilings.conv_start_s if op.madds else ceilings.start_s
    return Placed(
        record,
        op,
        madds=op.madds,
        mem_bytes=size,
        compute_s=arithmetic if arithmetic >= memory else 0.0,
        memory_s=memory if memory > arithmetic else 0.0,
        start_s=start if op.madds or size else 0.0,
        time=time,
    )
