"""Networks and layers below the ceilings of their device: the least time that they could take, over the time that
they take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lightbench.records import Op, Record, launch_bound
from lightbench.records.links import NONE, Drift
from lightbench.stats.interval import Interval
from lightbench.studies.layers.kernels import EngineBreakdown, EnginePart, dearest_op
from lightbench.studies.layers.shares import layers_of
from lightbench.studies.roofline.ceilings import Ceilings, ceilings_of, is_fused, memory_s, moved

Bound = Literal["compute", "memory", "launch"]


class Layer(NamedTuple):
    """An operator, or what an engine has made of a module and what it has merged into that."""

    path: str
    op: str  # of an engine what it calls its own
    kind: str | None  # None: nothing that was counted


@dataclass(frozen=True)
class Placed:
    """A network (``layer`` is None), or one layer of it.

    Ceilings of another run are taken at the speed that the machine has in the record's: what the roofline is made of
    are seconds there, by ``drift``. Where that is None nothing tells the speed: they are seconds in the ceilings' run.
    """

    record: Record
    layer: Layer | None
    madds: int
    mem_bytes: int  # in the account of its engine
    compute_s: float  # of its roofline time, what arithmetic is the ceiling of
    memory_s: float  # ... and what memory is
    start_s: float  # what starting its operators takes, which the roofline leaves out
    time: Interval | None  # seconds; None: not timed
    drift: Drift | None = NONE  # from the run of the ceilings to the record's; None: not known

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
        """Roofline time over measured time, with the interval of that, and of the drift: without bounds where this
        is not known. None where it was not timed, where its time cannot be, and where it has nothing to do."""
        if self.time is None or self.record.suspicions:
            return None
        if not self.time.median or not self.roofline_s:
            return None
        low, high, drift = self.time.low, self.time.high, self.drift
        if not low or not high or drift is None:
            return Interval(self.roofline_s / self.time.median)
        return Interval(
            self.roofline_s / self.time.median,
            self.roofline_s * math.exp(drift.low - drift.log) / high,
            self.roofline_s * math.exp(drift.high - drift.log) / low,
        )

    @property
    def beyond(self) -> bool:
        """Is it faster than the ceilings allow, by more than its interval? Then one of these is too low,
        or less was done than was counted."""
        efficiency = self.efficiency
        return efficiency is not None and efficiency.low is not None and efficiency.low > 1

    @property
    def bound(self) -> Bound | None:
        """What most of its time goes into, at best; None where nothing is known that it has to do."""
        if not (self.roofline_s or self.start_s):
            return None
        waited = self.layer is None and self.record.samples and launch_bound(self.record.samples)
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
    layers = {r.case: r for r in records if (r.layers or r.kernels) and r.case in networks}
    return Found(
        ceilings,
        tuple(network(r, ceilings) for r in networks.values()),
        tuple(row for r in layers.values() for row in layers_placed(r, ceilings)),
    )


def _of(record: Record, runs: set[str]) -> bool:
    """Was it timed in one of these runs, and asked for?"""
    return record.run is not None and record.run.id in runs and not record.run.anchor


def network(record: Record, ceilings: Ceilings, drift: Drift | None = NONE) -> Placed:
    """A whole network, of the run of the ceilings or of one between which and that the machine has drifted."""
    ops = record.costs.ops if record.costs else ()
    return together(record, None, ops, ceilings, time_of(record), drift)


def time_of(record: Record) -> Interval | None:
    """The median of a record's calls with its interval; None: not timed."""
    time = record.latency
    return Interval(time.median_s, time.low_s, time.high_s) if time else None


def layers_placed(record: Record, ceilings: Ceilings) -> list[Placed]:
    """Each layer of a network whose operators, or whose kernels on an engine, were timed. Raises ValueError for another
    record."""
    if record.kernels:
        parts = EngineBreakdown(record).layers
        return [together(record, _layer(p), p.ops, ceilings, p.time) for p in parts]
    return [
        together(record, Layer(op.path, op.op, op.kind), [op], ceilings, part.time)
        for part in layers_of(record)
        for op in part.ops
    ]


def _layer(part: EnginePart) -> Layer:
    named = ", ".join(dict.fromkeys(run.op for run in part.runs))
    return Layer(part.name, named, dearest_op(part).kind if part.ops else None)


def together(
    record: Record,
    layer: Layer | None,
    ops: Sequence[Op],
    ceilings: Ceilings,
    time: Interval | None,
    drift: Drift | None = NONE,
) -> Placed:
    """So many operators of a record one after the other, each at the lower of its ceilings: a network, or with ``layer``
    a part of it."""
    fused, times = is_fused(record), math.exp(drift.log) if drift else 1.0
    least = [_least_s(record, op, ceilings, fused=fused) for op in ops]
    run = [op for op in ops if op.madds or moved(op, fused=fused)]
    return Placed(
        record,
        layer,
        madds=sum(op.madds for op in ops),
        mem_bytes=sum(moved(op, fused=fused) for op in ops),
        compute_s=times * sum(a for a, m in least if a >= m),
        memory_s=times * sum(m for a, m in least if m > a),
        start_s=times * sum(ceilings.conv_start_s if op.madds else ceilings.start_s for op in run),
        time=time,
        drift=drift,
    )


def _least_s(record: Record, op: Op, ceilings: Ceilings, *, fused: bool) -> tuple[float, float]:
    """Seconds for its arithmetic, and for its bytes."""
    assert record.costs is not None  # the operator is one of them
    return op.madds / ceilings.madds_per_s(op), memory_s(op, record.costs, ceilings, fused=fused)
