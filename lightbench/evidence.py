"""What a set of records holds, sorted by what it can be used for: the material of figures and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lightbench import registry
from lightbench.cases import FACETS
from lightbench.records import Environment, Record
from lightbench.timing.card import EXPERIMENT, DeviceCard, card_of
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
        groups: dict[object, list[Record]] = {}
        for group in sweeps(self.records):
            groups.setdefault(setup(group[0]), []).extend(group)
        found = (card_of(group) for group in groups.values() if _has_card(group))
        return tuple(card for card in found if card is not None)

    def card(self, record: Record) -> DeviceCard | None:
        """The card of the device, the settings and the machine of a record, if there is one."""
        return next((c for c in self.cards if setup(c.record) == setup(record)), None)

    def _latest(self, study: str) -> tuple[Record, ...]:
        found: dict[object, Record] = {}
        for record in self.records:
            if record.study == study:
                key = record.case, setup(record)
                found[key] = _better(found.get(key), record)
        return tuple(found.values())


def _better(before: Record | None, now: Record) -> Record:
    """The later one, but no failure in the place of a result."""
    return before if before is not None and before.status == "ok" != now.status else now


def machine(environment: Environment) -> tuple[tuple[str, str], ...]:
    """What must be equal before two times may be compared."""
    return tuple(sorted((key, str(value)) for key, value in environment.comparable.items()))


def setup(record: Record) -> tuple[object, ...]:
    """How and where a case was run: all of it but the network, its input and the batch."""
    about = (f.value(record) for f in FACETS if f.key not in ("input", "batch", "mode"))
    facts = (fact for fact in machine(record.environment) if fact[0] != "allocator")
    return (*about, *facts)


def _has_card(group: Sequence[Record]) -> bool:
    return any(r.sweep and r.sweep.experiment == EXPERIMENT for r in group)
