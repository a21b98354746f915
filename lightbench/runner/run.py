"""Many cases -> records: skip what is stored, have the rest timed side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from lightbench import devices
from lightbench.errors import (
    LightbenchError,
)
from lightbench.records import (
    Case,
    Environment,
    Record,
    SweepPoint,
)
from lightbench.runner import session
from lightbench.runner.control import USUAL, Control, Finish
from lightbench.timing.stopping import Rule
from lightbench.workers import interrupts

if TYPE_CHECKING:
    from lightbench.runner.given import Given
    from lightbench.runner.interleave import Group
    from lightbench.runner.reuse import Reuse


@dataclass(frozen=True)
class _Asked:
    """What a run is asked for; cases go by their number."""

    cases: Sequence[Case]
    rule: Rule
    given: Mapping[str, Given]
    errors: Mapping[int, LightbenchError]
    sweep: Sequence[SweepPoint]
    anchored: bool
    control: Control
    reuse: Reuse

    def together(self, i: int) -> tuple[str, int, tuple[str, ...]]:
        """Cases for which this is the same are timed in the same rounds."""
        case = self.cases[i]
        return case.device, case.threads or 0, case.options

    def held(self, members: Iterable[int], where: Environment) -> dict[int, Record]:
        """The cases that are stored already, with their records."""
        if self.control.force:
            return {}
        known = {r.case: r for r in self.control.stored if self.reuse.usable(r, where)}
        named = (
            i for i in members if self.cases[i].model not in self.given and i not in self.errors
        )
        found = ((i, known.get(self.cases[i])) for i in named)
        return {i: record for i, record in found if record and self.reuse.same(record, where)}

    def besides(self, members: Sequence[int], where: Environment) -> dict[int, Case]:
        """The anchors of these cases, by numbers that no case has."""
        from lightbench.runner.anchors import anchors

        if not self.anchored:
            return {}

        def same(record: Record) -> bool:
            here = record.environment.comparable == where.comparable
            return here and self.reuse.same(record, where)

        found = anchors([self.cases[i] for i in members], self.control.stored, same)
        return dict(enumerate(found, len(self.cases)))

    def begun(self, cases: Mapping[int, Case], where: Environment) -> dict[int, Record]:
        """What the last run that was interrupted has of these cases, where nothing is newer."""
        if self.sweep or self.given or self.control.force:
            return {}
        stored = [r for r in self.control.stored if r.study == "profile" and r.samples and r.run]
        latest = {record.case: record for record in stored}
        left = {i: latest[case] for i, case in cases.items() if case in latest}
        left = {i: r for i, r in left.items() if self.reuse.unfinished(r, where)}
        last = next((r.run for r in reversed(stored) if r in left.values()), None)
        return {
            i: record
            for i, record in left.items()
            if record.run and last and record.run.id == last.id
        }

    def group(self, members: Sequence[int], anchors: dict[int, Case], where: Environment) -> Group:
        """These cases and anchors, as they are timed together."""
        from lightbench.runner import interleave

        cases = {i: self.cases[i] for i in members} | anchors
        return interleave.Group(
            cases=cases,
            begun=self.begun(cases, where),
            anchors=frozenset(anchors),
            sweep={i: self.sweep[i] for i in members} if self.sweep else {},
            given=self.given,
            errors=self.errors,
            rule=self.rule,
            seed=self.control.seed,
            trusted=self.control.trusted,
        )


def run(
    cases: Sequence[Case],
    *,
    rule: Rule,
    control: Control = USUAL,
    given: Mapping[str, Given] | None = None,
    errors: Mapping[int, LightbenchError] | None = None,
    sweep: Sequence[SweepPoint] = (),
    anchored: bool = False,
) -> list[Record]:
    """Records of ``cases``, in their order.

    Cases that ``control.stored`` holds already are not measured again: those of the same network (see `identity`) on this machine, known as well as ``rule`` asks for. With
    ``anchored`` also the networks of `anchors` are timed, of which only ``control.keep`` gets records. Cases of
    one device, thread count and options are timed in rounds of random order, so that a machine whose
    speed drifts is unfair to none of them. One that fails is a record saying so. Ctrl-C ends the
    run: in the rounds, what has samples is kept, marked; then ``Interrupted`` is raised, with the
    records there are.

    With ``sweep``, one point for each case, of one device and thread count: the rounds end when each
    point's ratio to the reference is known within ``rule.rel``.
    """
    from lightbench.runner.reuse import Reuse  # imports torch

    asked = _Asked(
        cases,
        rule,
        given or {},
        errors or {},
        sweep,
        anchored,
        control,
        Reuse(rule, trusted=control.trusted),
    )
    order = sorted(range(len(cases)), key=asked.together)
    for name, _, options in dict.fromkeys(map(asked.together, order)):  # all, before one is timed
        if reason := devices.find(name, options).unavailable():
            raise reason
    done: dict[int, Record] = {}

    def finish(index: int, record: Record) -> None:
        if sweep:
            record = msgspec.structs.replace(record, found=sweep[index])
        if index < len(cases):  # the others are anchors
            done[index] = record
        control.keep(record)

    try:
        for _, members in groupby(order, asked.together):
            _measure(asked, tuple(members), done, finish)
    except KeyboardInterrupt as stop:
        interrupts.heed()
        raise Interrupted([done[i] for i in sorted(done)]) from stop
    return [done[i] for i in range(len(cases))]


def _measure(
    asked: _Asked,
    members: Sequence[int],
    done: dict[int, Record],
    finish: Finish,
) -> None:
    """Cases of one device, thread count and options: what is stored is ``done``, the rest is timed."""
    from lightbench.runner import interleave, isolated  # import torch
    from lightbench.workers import worker

    name, threads, options = asked.together(members[0])
    device = devices.find(name, options)
    if not threads:
        session.follow(asked.control.stored, device, name)
    where = session.here(device, name, device.host_threads(threads or None))
    held = asked.held(members, where)
    done.update(held)
    left = [i for i in members if i not in held]
    if not left:
        return
    group = asked.group(left, asked.besides(left, where), where)
    alone = device.strict is not None and not asked.given and not worker.is_one()
    measure = isolated.measure if alone else interleave.measure
    control = asked.control
    measure(
        group,
        device,
        say=control.say,
        progress=control.progress,
        finish=finish,
        so_far=None if asked.sweep else control.so_far,
    )


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; ``records`` are those that were finished."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records
