"""What a set of records holds, sorted by what it can be used for: the material of figures and reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import msgspec

from lightbench import registry
from lightbench.cases import ALLOCATOR, FACETS
from lightbench.records import Environment, Record
from lightbench.timing.card import AXES, EXPERIMENT, DeviceCard, card_of
from lightbench.timing.ratios import sweeps


@dataclass(frozen=True)
class Evidence:
    """Records of any studies, of any number of devices, in the order in which they were stored."""

    records: tuple[Record, ...]

    @cached_property
    def profiles(self) -> tuple[Record, ...]:
        """The latest profile of each case on each machine, in the order of the first."""
        return self._latest("profile")

    @cached_property
    def groups(self) -> tuple[tuple[Record, ...], ...]:
        """Profiles that have a latency and differ in nothing but network and input: those whose
        times may be compared, the largest group first."""
        found: dict[object, list[Record]] = {}
        for record in self.profiles:
            if record.status == "ok" and record.latency is not None:
                key = setup(record), record.case.batch, record.case.mode
                found.setdefault(key, []).append(record)
        return tuple(map(tuple, sorted(found.values(), key=len, reverse=True)))

    @cached_property
    def layers(self) -> tuple[Record, ...]:
        """The latest times of operators of each case on each machine."""
        return self._latest("layers")

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
    def guidelines(self) -> tuple[Record, ...]:
        """Everything that was measured for guidelines."""
        known = registry.names("guideline")
        return tuple(r for r in self.records if r.sweep and r.sweep.experiment in known)

    @cached_property
    def cards(self) -> tuple[DeviceCard, ...]:
        """The latest device card of each setup and machine."""
        return tuple(self._cards.values())

    @cached_property
    def card_runs(self) -> frozenset[str]:
        """The sweeps that were measured for device cards, older ones among them."""
        return frozenset(r.sweep.run for records in self._carded for r in records if r.sweep)

    def card(self, record: Record) -> DeviceCard | None:
        """The card of the device, the settings and the machine of a record, if there is one. It is
        about a forward pass: training has none."""
        return self._cards.get(setup(record)) if record.case.mode == "infer" else None

    @cached_property
    def _cards(self) -> dict[object, DeviceCard]:
        found = {setup(records[0]): card_of(records) for records in self._carded}
        return {where: card for where, card in found.items() if card is not None}

    @cached_property
    def _carded(self) -> list[list[Record]]:
        """The records of each card: its own sweep and the first of each axis that follows it."""
        found: list[list[Record]] = []
        open_: dict[object, tuple[list[Record], set[str]]] = {}
        for group in sweeps(self.records):
            where, experiment = setup(group[0]), group[0].sweep.experiment if group[0].sweep else ""
            if experiment == EXPERIMENT:
                found.append(list(group))
                open_[where] = found[-1], set(AXES)
            elif where in open_ and experiment in open_[where][1]:
                open_[where][0].extend(group)
                open_[where][1].remove(experiment)
        return found

    def _latest(self, study: str) -> tuple[Record, ...]:
        found: dict[object, Record] = {}
        for record in self.records:
            if record.study == study:
                key = asked(record)
                found[key] = _better(found.get(key), record)
        return tuple(found.values())


def _better(before: Record | None, now: Record) -> Record:
    """The later one, but no failure in the place of a result."""
    return before if before is not None and before.status == "ok" != now.status else now


def machine(environment: Environment) -> tuple[tuple[str, str], ...]:
    """What must be equal before two times may be compared."""
    known = environment.comparable.items()
    return tuple(sorted((key, str(value)) for key, value in known if value is not None))


def asked(record: Record) -> tuple[object, ...]:
    """A case and where it ran; threads that PyTorch chose are those that it chose."""
    return msgspec.structs.replace(record.case, threads=None), *setup(record)


def setup(record: Record) -> tuple[object, ...]:
    """How and where a case was run: all of it but the network, its input and the batch."""
    about = (f.value(record) for f in FACETS if f.key not in ("input", "batch", "mode"))
    facts = (fact for fact in machine(record.environment) if fact[0] != ALLOCATOR)
    return (*about, *facts)
