"""What all studies are told: the cases, what is known already, and where records go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from lightbench import devices
from lightbench.errors import LightbenchError
from lightbench.records import Case, Environment, Record
from lightbench.records.axes import SETUP
from lightbench.records.collection import setup
from lightbench.runner.control import Control
from lightbench.runner.reuse import Reuse
from lightbench.runner.session import here
from lightbench.runner.setup import Setup

EAGER = "eager"


def forward_only(case: Case) -> str:
    """Why a study of forward passes has nothing to say of a case; nothing where it has."""
    if case.mode != "infer":
        return "it is about a forward pass"
    return "it knows no options of devices" if case.options else ""


def eager_only(case: Case) -> str:
    """The same of a study of what eager runs."""
    return forward_only(case) or ("it is about eager" if case.engine != EAGER else "")


def _on(case: Case) -> str:
    return "" if case.engine == EAGER else f" on {case.engine}"


@dataclass(frozen=True)
class Task:
    """``cases`` are those of the suite that could be profiled, ``known`` all records there are: the
    stored ones, then those of this run. ``complain`` is told which network failed, and why."""

    cases: Sequence[Case]
    known: list[Record] = field(default_factory=list)
    asked: Control = field(default_factory=Control)
    complain: Callable[[Case, LightbenchError], None] = lambda _case, _error: None
    reused: dict[str, tuple[int, int]] = field(default_factory=dict)  # study -> stored, of all
    left: dict[str, dict[str, list[Case]]] = field(default_factory=dict)  # study -> why -> left out

    def keep(self, record: Record) -> None:
        """A new record, to be stored at once."""
        self.known.append(record)
        self.asked.keep(record)

    @property
    def control(self) -> Control:
        """How a study's own run goes: it knows all that is known by now, and its records are kept."""
        return replace(self.asked, stored=self.known, keep=self.keep)

    def setups(self) -> list[Setup]:
        """How the cases are run, each way once."""
        ways = (Setup(c.device, c.engine, 1, c.dtype, c.layout, c.threads) for c in self.cases)
        return list(dict.fromkeys(ways))

    def each(
        self,
        study: str,
        measure: Callable[[Case], Record],
        stale: Callable[[Record], bool] = lambda _record: False,
        *,
        unable: Callable[[Case], str | None] = eager_only,
        also: Sequence[str] = (),
    ) -> None:
        """Have ``measure`` make the record of every case that has none of this study on this machine, or a ``stale``
        one. A network that fails is complained of, and the others go on. ``unable`` says why the study has
        nothing to say of a case, "" where it has, and None where it has said it of another; ``also`` are other names
        of its records."""
        why = {case: unable(case) for case in self.cases}
        able = [case for case in self.cases if why[case] == ""]
        for case in (case for case in self.cases if why[case]):
            self.left.setdefault(study, {}).setdefault(str(why[case]), []).append(case)
        held = [i for i, case in enumerate(able) if self._held((study, *also), case, stale)]
        self.reused[study] = len(held), len(able)
        for i, case in enumerate(able):
            if i in held:
                continue
            self.asked.say(f"{study}, {i + 1} of {len(able)}: {case.model}{_on(case)}")
            try:
                self.keep(measure(case))
            except LightbenchError as error:
                self.complain(case, error)

    def _held(self, studies: Sequence[str], case: Case, stale: Callable[[Record], bool]) -> bool:
        """Is there a record of the same network on this machine that is not ``stale``?"""
        if self.asked.force:
            return False
        found = (r for r in self.known if r.study in studies and r.case == case and not stale(r))
        return any(
            setup(record) == as_now(record) and self._reuse.same(record, _where(case))
            for record in found
        )

    @cached_property
    def _reuse(self) -> Reuse:
        return Reuse(trusted=self.asked.trusted)


def _where(case: Case) -> Environment:
    """The environment of a case, were it measured now."""
    device = devices.find(case.device)
    return here(device, case.device, device.host_threads(case.threads))


def as_now(record: Record) -> tuple[object, ...]:
    """The setup of the same record, had it been measured now."""
    return setup(msgspec.structs.replace(record, environment=_where(record.case)))


def settings_of(case: Case) -> dict[str, Any]:
    """A case as the keywords of `layers` and `lint`."""
    asked = {name: getattr(case, name) for name in ("batch", *SETUP)}
    return {"input": case.inputs, **asked}
