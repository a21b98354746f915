"""What a set of records holds, sorted by what it can be used for: the material of figures and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from lightbench.records import Case, Environment, Record, Run
from lightbench.records.facets import ALLOCATOR, FACETS
from lightbench.records.links import NONE, Drift, Links, Times, undrifted

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """Records of any studies, of any number of devices, in the order in which they were stored."""

    records: tuple[Record, ...]

    @cached_property
    def profiles(self) -> tuple[Record, ...]:
        """The latest profile of each case on each machine, in the order of the first; without what was
        only ever timed as an anchor."""
        return tuple(record for record in self._latest("profile") if not is_anchor(record))

    @cached_property
    def groups(self) -> tuple[tuple[Record, ...], ...]:
        """Profiles whose times may be compared, the largest group first: they differ in nothing but
        network and input, nothing disturbed them, and they are of one run or of runs that are linked
        by what both have timed. Of several runs the latencies are those in the one that most are of,
        and their bounds contain the drift."""
        groups: dict[object, list[Record]] = {}
        for record in self.profiles:
            if placed := self._placed.get(id(record)):
                groups.setdefault(_alike(record), []).append(placed)
        return tuple(map(tuple, sorted(groups.values(), key=len, reverse=True)))

    def comparable(self, record: Record) -> Record | None:
        """A profile as it stands in `groups`; None if its time may not be compared."""
        return self._placed.get(id(record))

    def beside(self, record: Record, other: Record) -> Record | None:
        """The record of ``other``'s network and engine that was timed in the same rounds as ``record``."""
        found = self._timed.get(setup(other), {}).get(run_of(record), {}).get(_timed(other))
        return found if found is not None and found.identity == other.identity else None

    def drift(self, before: Record, now: Record) -> Drift | None:
        """How many times as long the same took in the run of ``now``; None where nothing was timed in
        both, or in runs that are linked."""
        return self._linked(setup(now), run_of(before)).get(run_of(now))

    def measured(self, placed: Record) -> Record:
        """A record of `groups` as it was measured in its own run."""
        return self._raw.get(id(placed), placed)

    @cached_property
    def _raw(self) -> dict[int, Record]:
        profiles = {id(record): record for record in self.profiles}
        return {id(placed): profiles[raw] for raw, placed in self._placed.items()}

    @cached_property
    def _placed(self) -> dict[int, Record]:
        groups: dict[object, list[Record]] = {}
        for record in self.profiles:
            if record.believed:
                groups.setdefault(_alike(record), []).append(record)
        found = {}
        for group in groups.values():
            base = self._base(group)
            for record in group:
                if placed := self._in(record, base):
                    found[id(record)] = placed
        return found

    def _base(self, group: Sequence[Record]) -> str:
        """The run that has timed most of these networks; of several the one of which most was asked for,
        then the latest."""
        runs = self._timed.get(setup(group[0]), {})
        wanted = {(_timed(record), record.identity) for record in group}

        def count(run: str) -> tuple[int, int]:
            found = [r for case, r in runs[run].items() if (case, r.identity) in wanted]
            return len(found), sum(not is_anchor(r) for r in found)

        return max(reversed(runs), key=count)

    def _in(self, record: Record, base: str) -> Record | None:
        """A record as if it were timed in another run, which may have timed the network as an anchor."""
        where, case = setup(record), _timed(record)
        there = self._timed.get(where, {}).get(base, {}).get(case)
        same = there and _case(there) == _case(record) and _same_network(there, record)
        if there and same and there.run and there.run.anchor:
            return msgspec.structs.replace(
                there, run=msgspec.structs.replace(there.run, anchor=False)
            )
        again = sum(case in timed for timed in self._timed.get(where, {}).values()) > 1
        drift = self._linked(where, base, case if again else None).get(run_of(record))
        if drift is None or record.latency is None:
            return None
        if drift == NONE:
            return record
        run = msgspec.structs.replace(record.run or Run(id=base), id=base)
        return msgspec.structs.replace(record, latency=undrifted(record.latency, drift), run=run)

    def _linked(self, where: object, base: str, without: Case | None = None) -> dict[str, Drift]:
        key = where, base, without
        if key not in self._drifts:
            links = self._links.get(where)
            self._drifts[key] = links.drifts(base, without) if links else {base: NONE}
        return self._drifts[key]

    @cached_property
    def _links(self) -> dict[object, Links]:
        """Networks of which it is not known what they were link nothing."""

        def times(records: Mapping[Case, Record]) -> Times:
            known = ((case, r.identity, r.latency) for case, r in records.items())
            return {(case, what): time for case, what, time in known if what and time}

        return {
            where: Links({run: times(records) for run, records in runs.items()})
            for where, runs in self._timed.items()
        }

    @cached_property
    def _drifts(self) -> dict[tuple[object, str, Case | None], dict[str, Drift]]:
        return {}

    @cached_property
    def _timed(self) -> dict[object, dict[str, dict[Case, Record]]]:
        """What was timed undisturbed, by setup, run and case."""
        found: dict[object, dict[str, dict[Case, Record]]] = {}
        for record in self.records:
            if record.believed and record.study in ("profile", "sweep"):
                runs = found.setdefault(setup(record), {})
                runs.setdefault(run_of(record), {})[_timed(record)] = record
        return found

    @cached_property
    def layers(self) -> tuple[Record, ...]:
        """The latest times of operators of each case on each machine."""
        return self._latest("layers")

    @cached_property
    def kernels(self) -> tuple[Record, ...]:
        """The latest times of an engine's kernels of each case on each machine."""
        return self._latest("kernels")

    @cached_property
    def lints(self) -> tuple[Record, ...]:
        """The latest findings of lint of each case on each machine."""
        return self._latest("lint")

    @cached_property
    def crosschecks(self) -> tuple[Record, ...]:
        """The latest counts of other tools of each case."""
        return self._latest("crosscheck")

    @cached_property
    def checks(self) -> tuple[Record, ...]:
        """The latest check of each case on each machine."""
        return self._latest("check")

    @cached_property
    def evaluations(self) -> tuple[Record, ...]:
        """The latest evaluation of each case with each weights on each data set."""
        found: dict[object, Record] = {}
        for record in self.records:
            if one := record.evaluation:
                found[(*asked(record), one.digest, one.tested_on)] = record
        return tuple(found.values())

    def once(self, make: Callable[[Evidence], T]) -> T:
        """What a study makes of all records, made when it is first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}

    def _latest(self, study: str) -> tuple[Record, ...]:
        found: dict[object, Record] = {}
        for record in self.records:
            if record.study == study:
                key = asked(record)
                found[key] = _better(found.get(key), record)
        return tuple(found.values())


def _better(before: Record | None, now: Record) -> Record:
    """The later one, but no failure in the place of a result, and no anchor in that of what was asked
    for."""
    if before is None:
        return now
    worse = before.status == "ok" != now.status or (is_anchor(now) and not is_anchor(before))
    return before if worse else now


def is_anchor(record: Record) -> bool:
    """Was it timed only so that runs can be compared?"""
    return record.run is not None and record.run.anchor


def run_of(record: Record) -> str:
    """What tells its run from others; of a record of no known run, the record itself."""
    return record.run.id if record.run else record.id


def _same_network(a: Record, b: Record) -> bool:
    """Is it known that they are of the same?"""
    return a.identity is not None and a.identity == b.identity


def _alike(record: Record) -> object:
    return setup(record), record.case.options, record.case.batch, record.case.mode


def machine(environment: Environment) -> tuple[tuple[str, str], ...]:
    """What must be equal before two times may be compared."""
    known = environment.comparable.items()
    return tuple(sorted((key, str(value)) for key, value in known if value is not None))


def asked(record: Record) -> tuple[object, ...]:
    """A case and where it ran; threads that nobody asked for are those that it had."""
    return _case(record), *setup(record)


def _case(record: Record) -> Case:
    return msgspec.structs.replace(record.case, threads=None)


def _timed(record: Record) -> Case:
    """The case that its time is of."""
    return _case(record).timed


def setup(record: Record) -> tuple[object, ...]:
    """How and where a case was timed: all of it but the network, its input and the batch."""
    timed = msgspec.structs.replace(record, case=record.case.timed)
    about = (f.value(timed) for f in FACETS if f.key not in ("input", "batch", "mode"))
    facts = (fact for fact in machine(record.environment) if fact[0] != ALLOCATOR)
    return (*about, *facts)
