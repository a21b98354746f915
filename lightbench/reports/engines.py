"""The same networks under several engines: which engine is the fastest, and what each takes beside another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from lightbench.errors import UsageError
from lightbench.records import Case, Record
from lightbench.records.collection import Evidence, setup
from lightbench.records.facets import conditions, names
from lightbench.reports.ratios import ratio_between
from lightbench.stats.correlation import Correlation, rank
from lightbench.stats.geometric import geometric_mean
from lightbench.stats.ratio import Ratio
from lightbench.studies.profile.beside_eager import EAGER
from lightbench.studies.subject import Subject


@dataclass(frozen=True)
class Fastest:
    """Which engine runs a network the fastest; ``engine`` is None where it is not told apart from another.
    ``ahead`` is what the next one takes of its time."""

    engine: str | None = None
    ahead: Ratio | None = None


@dataclass(frozen=True, eq=False)
class EngineSet:
    """Profiles that differ in nothing but network, input and engine: a network is the case as eager."""

    evidence: Evidence
    records: tuple[Record, ...]

    @cached_property
    def engines(self) -> tuple[str, ...]:
        """Eager PyTorch first, others in the order of the records."""
        found = dict.fromkeys(record.case.engine for record in self.records)
        return tuple(sorted(found, key=lambda engine: engine != EAGER))

    @property
    def base(self) -> str:
        """The engine that others are held against: eager, where it is among them."""
        return self.engines[0]

    @property
    def sources(self) -> tuple[Record, ...]:
        """All records under these conditions, of every run: what the same set can be made of."""
        where = but_engine(self.records[0])
        return tuple(r for r in self.evidence.records if but_engine(r) == where)

    @cached_property
    def networks(self) -> dict[Case, str]:
        """Their names, in the order of the records."""
        first: dict[Case, Record] = {}
        for record in self.records:
            first.setdefault(network_of(record), as_eager(record))
        return dict(zip(first, names(list(first.values())), strict=True))

    @property
    def conditions(self) -> str:
        """What all of them share: ``batch 1, cpu, float32, infer, threads 1``."""
        return conditions(self.records, self.evidence.profiles)

    def record(self, network: Case, engine: str) -> Record | None:
        """The profile of a network by an engine, whatever came of it."""
        return self._cells.get((network, engine))

    def believed(self, network: Case, engine: str) -> Record | None:
        """The same, if its time may be held against another engine's of this network."""
        record = self.record(network, engine)
        return record if record and record.believed else None

    def placed(self, network: Case, engine: str) -> Record | None:
        """The same in the run in which networks of this engine may be compared; None if it is of no run that
        is linked to that."""
        record = self.record(network, engine)
        return self.evidence.comparable(record) if record else None

    def median_s(self, network: Case, engine: str) -> float | None:
        """The median of that, in seconds."""
        placed = self.placed(network, engine)
        return placed.latency.median_s if placed and placed.latency else None

    def ratio(self, network: Case, a: str, b: str) -> Ratio | None:
        """How many times the time of engine ``a`` engine ``b`` takes; None where that is not known."""
        if a == b:
            return None
        if self.engines.index(a) > self.engines.index(b):
            there = self.ratio(network, b, a)
            return there.inverse if there else None
        key = network, a, b
        if key not in self._ratios:
            one, other = self.believed(network, a), self.believed(network, b)
            self._ratios[key] = ratio_between(self.evidence, one, other) if one and other else None
        return self._ratios[key]

    def mean(self, a: str, b: str) -> Ratio | None:
        """The geometric mean of `ratio` over the networks that both ran; its ``n`` is their number."""
        if self.engines.index(a) > self.engines.index(b):
            there = self.mean(b, a)
            return there.inverse if there else None
        if (a, b) not in self._means:
            found = (self.ratio(network, a, b) for network in self.networks)
            logs = [ratio.log for ratio in found if ratio]
            self._means[a, b] = geometric_mean(logs) if logs else None
        return self._means[a, b]

    def fastest(self, network: Case) -> Fastest | None:
        """None where fewer than two engines have a time to be believed."""
        able = [engine for engine in self.engines if self.believed(network, engine)]
        if len(able) < 2:
            return None
        for engine in able:
            others = [self.ratio(network, engine, other) for other in able if other != engine]
            ahead = [ratio for ratio in others if ratio and ratio.log_low and ratio.log_low > 0]
            if len(ahead) == len(others):
                return Fastest(engine, min(ahead, key=lambda ratio: ratio.log))
        return Fastest()

    def order(self, engine: str) -> Correlation | None:
        """How alike it and `base` order the networks that both ran: Spearman's rank correlation."""
        times = [
            (one, other)
            for network in self.networks
            if (one := self.median_s(network, self.base))
            and (other := self.median_s(network, engine))
        ]
        return rank([one for one, _ in times], [other for _, other in times])

    @cached_property
    def _cells(self) -> dict[tuple[Case, str], Record]:
        return {(network_of(record), record.case.engine): record for record in self.records}

    @cached_property
    def _ratios(self) -> dict[tuple[Case, str, str], Ratio | None]:
        return {}

    @cached_property
    def _means(self) -> dict[tuple[str, str], Ratio | None]:
        return {}


def engine_sets(evidence: Evidence) -> list[EngineSet]:
    """Of several engines each, the largest first."""
    found: dict[object, list[Record]] = {}
    for record in evidence.profiles:
        found.setdefault(but_engine(record), []).append(record)
    sets = (EngineSet(evidence, tuple(records)) for records in found.values())
    return sorted((s for s in sets if len(s.engines) > 1), key=lambda s: -len(s.records))


def largest(records: Sequence[Record]) -> EngineSet:
    """Of these records the largest set. Raises UsageError where none is of several engines."""
    found = engine_sets(Evidence(tuple(records)))
    if not found:
        raise UsageError("no case ran by several engines: there is nothing to draw.")
    return found[0]


def main_set(subject: Subject) -> EngineSet | None:
    """The one that the largest set of comparable profiles belongs to, if that is of several engines."""
    if not subject.main:
        return None
    where = but_engine(subject.main[0])
    sets = subject.evidence.once(engine_sets)
    return next((found for found in sets if but_engine(found.records[0]) == where), None)


def unlike(record: Record) -> bool:
    """Are the outputs of its engine not those of the network?"""
    return record.outputs is not None and record.outputs.verdict == "differs"


def but_engine(record: Record) -> object:
    """How and where a case was run, all of it but network, input and engine."""
    return setup(as_eager(record)), record.case.batch, record.case.mode


def as_eager(record: Record) -> Record:
    """The record as if it were eager's: what it is called by, and compared in, whatever the engine."""
    case = msgspec.structs.replace(record.case, engine=EAGER)
    return msgspec.structs.replace(record, case=case)


def network_of(record: Record) -> Case:
    """What engines have in common that ran the same: the case as eager, of any threads."""
    return msgspec.structs.replace(record.case, engine=EAGER, threads=None)
