"""Where the time of a call goes on an engine that folds and merges: its kernels, by the modules that they compute.

Times are shares of the engine's own profile of the time of undisturbed calls: noting each kernel makes a profiled call
slower, so that its seconds are no times. Pure: what was timed is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from lightbench.engines import Kernel
from lightbench.records import Costs, Op, Record
from lightbench.records.findings import EngineTimes, KernelTime
from lightbench.stats.interval import Interval
from lightbench.stats.median import interval_of
from lightbench.studies.count.groups import BY, GROUPS, MOVEMENT, NETWORK, OTHER
from lightbench.studies.count.tree import Branch, around
from lightbench.studies.layers.shares import Part

K = TypeVar("K")

COPIES, UNKNOWN = "(layout copies)", "(not mapped)"
APART = (COPIES, UNKNOWN)  # rows that are no module, and come last


def times_of(kernels: Sequence[Kernel]) -> EngineTimes:
    """What is kept of a profile: for each kernel the median of its times over the sum of all medians. A call that was
    interrupted in one kernel makes neither the others' shares smaller nor its own larger. Raises ValueError for
    kernels without times, or of different numbers of calls."""
    times = [interval_of(each.times_s) for each in kernels]
    total = math.fsum(time.median for time in times)
    calls = {len(each.times_s) for each in kernels}
    if len(calls) != 1 or not total:
        raise ValueError("every kernel has a time of each call, and not all are zero")
    return EngineTimes(
        calls=calls.pop(),
        profiled_s=total,
        kernels=tuple(
            KernelTime(
                op=each.op,
                kernel=each.kernel,
                modules=each.modules,
                copies=each.copies,
                why=each.why,
                mem_bytes=each.mem_bytes,
                share=_scaled(time, by=Interval(1 / total, 1 / total, 1 / total)),
            )
            for each, time in zip(kernels, times, strict=True)
        ),
    )


@dataclass(frozen=True)
class EnginePart(Part):
    """One module with what the engine has merged into it, or a group of them; ``runs`` are its kernels."""

    runs: tuple[KernelTime, ...] = ()


@dataclass(frozen=True)
class OffFastPath:
    """Kernels of one sort that are off the engine's fast path at one module, all of them together. ``time`` is None
    where the engine tells none."""

    path: str
    op: str
    count: int
    why: str
    time: Interval | None = None
    mem_bytes: int | None = None


@dataclass(frozen=True)
class EngineBreakdown:
    """The kernels of one network as an engine has timed them: those of ``record``, whose samples are undisturbed
    calls. Raises ValueError for a record without them."""

    record: Record

    def __post_init__(self) -> None:
        if not (self.record.kernels and self.record.costs and self.record.latency):
            raise ValueError(f"the record of {self.record.case.model!r} has no times of kernels")

    @property
    def explained(self) -> Record:
        """What is kept, as of `Breakdown`."""
        return self.record

    @property
    def found(self) -> EngineTimes:
        """What the engine has told."""
        assert self.record.kernels is not None
        return self.record.kernels

    @property
    def costs(self) -> Costs:
        """What was counted, as eager mode runs it."""
        assert self.record.costs is not None
        return self.record.costs

    @property
    def whole(self) -> Interval:
        """Seconds of the undisturbed call."""
        latency = self.record.latency
        assert latency is not None
        return Interval(latency.median_s, latency.low_s, latency.high_s)

    @cached_property
    def ops(self) -> dict[str, list[Op]]:
        """Row -> the counted operators that it computes: those of its own module, and those of modules that were
        merged into it and have no row; of several rows the first. What no kernel computes is in none."""
        owner = {row_of(each): row_of(each) for each in self.found.kernels}
        for each in self.found.kernels:
            for path in () if each.copies else each.modules:
                owner.setdefault(path or NETWORK, row_of(each))
        found: dict[str, list[Op]] = {}
        for op in self.costs.ops:
            if (op.path or NETWORK) in owner:
                found.setdefault(owner[op.path or NETWORK], []).append(op)
        return found

    @cached_property
    def layers(self) -> tuple[EnginePart, ...]:
        """One part for each module that a kernel is known by, in the order in which they run; copies between
        layouts, and kernels that no module is known of, are last."""
        runs = _grouped(self.found.kernels, row_of)
        return tuple(
            self._part(row, self.ops.get(row, ()), runs[row])
            for row in _in_order(self.costs.ops, runs, self.ops)
        )

    def parts(self, by: str) -> list[EnginePart]:
        """The layers in groups, as `Breakdown.parts` has them; "op" are the operators as the engine calls them, where
        what a module costs is with the longest of its kernels."""
        if by == "op":
            return self._by_op()
        groups: dict[str, list[EnginePart]] = {g: [] for g in GROUPS} if by == "group" else {}
        for part in self.layers:
            groups.setdefault(_group(part, by), []).append(part)
        found = [self._of(name, parts) for name, parts in groups.items()]
        return sorted(found, key=lambda part: -part.time_s) if by == "kind" else found

    def inside(self, branches: Iterable[Branch]) -> list[EnginePart]:
        """Modules with what is computed in them, by the rows of their kernels; the network has all."""
        rows = [
            (around("" if part.name in (*APART, NETWORK) else part.name), part)
            for part in self.layers
        ]
        return [
            self._of(branch.name, [part for paths, part in rows if branch.name in paths])
            for branch in branches
        ]

    def _of(self, name: str, parts: Sequence[EnginePart]) -> EnginePart:
        """Several rows together."""
        return self._part(
            name, [op for p in parts for op in p.ops], [k for p in parts for k in p.runs]
        )

    def _by_op(self) -> list[EnginePart]:
        ops: dict[str, list[Op]] = {}
        for part in self.layers:
            longest = max(part.runs, key=lambda run: run.share.median)
            ops.setdefault(longest.op, []).extend(part.ops)
        runs = _grouped(self.found.kernels, lambda each: each.op)
        parts = [self._part(op, ops.get(op, ()), those) for op, those in runs.items()]
        return sorted(parts, key=lambda part: -part.time_s)

    @cached_property
    def off_path(self) -> list[OffFastPath]:
        """What is off the fast path, the dearest first."""
        off = _grouped((k for k in self.found.kernels if k.why), lambda k: (_at(k), k.op, k.why))
        found = []
        for (path, op, why), runs in off.items():
            moved = [run.mem_bytes for run in runs if run.mem_bytes is not None]
            known = sum(moved) if len(moved) == len(runs) else None
            time = _scaled(_together(runs), by=self.whole)
            found.append(OffFastPath(path, op, len(runs), why, time, known))
        return sorted(found, key=lambda one: -one.time.median if one.time else 0.0)

    def _part(self, name: str, ops: Iterable[Op], runs: Sequence[KernelTime]) -> EnginePart:
        share = _together(runs)
        return EnginePart(name, tuple(ops), _scaled(share, by=self.whole), share, tuple(runs))


def row_of(kernel: KernelTime) -> str:
    """The row that a kernel stands in: the first module that it computes."""
    return COPIES if kernel.copies else _at(kernel)


def dearest_op(part: Part) -> Op:
    """The operator that a row is there for: that with the most multiply-adds, or else that moves most."""
    return max(part.ops, key=lambda op: (op.madds, op.mem_bytes))


def _at(kernel: KernelTime) -> str:
    return (kernel.modules[0] or NETWORK) if kernel.modules else UNKNOWN


def _grouped(
    kernels: Iterable[KernelTime], key: Callable[[KernelTime], K]
) -> dict[K, list[KernelTime]]:
    found: dict[K, list[KernelTime]] = {}
    for each in kernels:
        found.setdefault(key(each), []).append(each)
    return found


def _in_order(ops: Sequence[Op], rows: Iterable[str], of: Mapping[str, Sequence[Op]]) -> list[str]:
    """Rows as the network runs them, which an engine may do in another order; one without operators follows the
    one before it."""
    at = {id(op): i for i, op in enumerate(ops)}
    first, last = dict[str, int](), -1
    for row in rows:
        first[row] = last = at[id(of[row][0])] if row in of else last
    modules = sorted((row for row in first if row not in APART), key=first.__getitem__)
    return [*modules, *(row for row in APART if row in first)]


def _group(part: Part, by: str) -> str:
    if by == "module":
        return part.name if part.name in (*APART, NETWORK) else part.name.partition(".")[0]
    if part.name == COPIES:
        return "data movement" if by == "kind" else MOVEMENT
    return BY[by](dearest_op(part)) if part.ops else OTHER


def _together(runs: Sequence[KernelTime]) -> Interval:
    """The share of several kernels; its bounds are theirs together, and so rather too wide."""
    if not runs:
        return Interval(0.0, 0.0, 0.0)
    lows = [run.share.low for run in runs if run.share.low is not None]
    highs = [run.share.high for run in runs if run.share.high is not None]
    median = math.fsum(run.share.median for run in runs)
    if len(lows) < len(runs) or len(highs) < len(runs):
        return Interval(median)
    return Interval(median, math.fsum(lows), math.fsum(highs))


def _scaled(value: Interval, *, by: Interval) -> Interval:
    """The product; its bounds are those of both."""
    if None in (value.low, value.high, by.low, by.high):
        return Interval(value.median * by.median)
    assert value.low is not None and value.high is not None  # noqa: PT018
    assert by.low is not None and by.high is not None  # noqa: PT018
    return Interval(value.median * by.median, value.low * by.low, value.high * by.high)
