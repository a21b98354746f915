"""What all studies are told: the cases, what is known already, and where records go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lightbench import devices, rounds
from lightbench.errors import LightbenchError
from lightbench.evidence import Evidence, setup
from lightbench.records import Case, Record, Study
from lightbench.suite import Say
from lightbench.sweep.run import Setup
from lightbench.timing.card import DeviceCard


@dataclass(frozen=True)
class Task:
    """``cases`` are those of the suite that could be profiled, ``known`` all records there are: the
    stored ones, then those of this run. ``complain`` is told which network failed, and why."""

    cases: Sequence[Case]
    known: list[Record] = field(default_factory=list)
    trusted: bool = True
    say: Say = lambda _text: None
    progress: Callable[[Any], None] | None = None
    store: Callable[[Record], None] = lambda _record: None
    complain: Callable[[Case, LightbenchError], None] = lambda _case, _error: None

    def keep(self, record: Record) -> None:
        """A new record, to be stored at once."""
        self.known.append(record)
        self.store(record)

    def setups(self) -> list[Setup]:
        """How the cases are run, each way once."""
        ways = (Setup(c.device, c.engine, 1, c.dtype, c.layout, c.threads) for c in self.cases)
        return list(dict.fromkeys(ways))

    def each(
        self,
        study: Study,
        measure: Callable[[Case], Record],
        stale: Callable[[Record], bool] = lambda _record: False,
    ) -> None:
        """Have ``measure`` make the record of every case that eager runs and that has none of this
        study on this machine, or a ``stale`` one. A network that fails is complained of, and the
        others go on."""
        able = [c for c in self.cases if (c.engine, c.mode, c.options) == ("eager", "infer", ())]
        for i, case in enumerate(able, 1):
            where = f"{study}, {i} of {len(able)}: {case.model}"
            if any(not stale(record) for record in self._known(study, case)):
                self.say(f"{where}: stored already")
                continue
            self.say(where)
            try:
                self.keep(measure(case))
            except LightbenchError as error:
                self.complain(case, error)

    def card(self, case: Case) -> DeviceCard | None:
        """This machine's card for how a case is run."""
        for card in Evidence(tuple(self.known)).cards:
            alike = msgspec.structs.replace(card.record, case=case)
            if setup(alike) == setup(card.record) == _here(card.record):
                return card
        return None

    def _known(self, study: Study, case: Case) -> list[Record]:
        found = (r for r in self.known if r.study == study and r.case == case)
        return [record for record in found if setup(record) == _here(record)]


def _here(record: Record) -> tuple[object, ...]:
    """The setup of the same record, had it been measured now."""
    case = record.case
    device = devices.find(case.device)
    where = rounds.here(device, case.device, device.host_threads(case.threads))
    return setup(msgspec.structs.replace(record, environment=where))


def settings_of(case: Case) -> dict[str, Any]:
    """A case as the keywords of `measure_layers` and `lint_model`."""
    return {
        "input": [str(one) for one in case.inputs],
        "batch": case.batch,
        "device": case.device,
        "threads": case.threads,
        "dtype": case.dtype,
        "channels_last": case.layout == "channels_last",
    }
