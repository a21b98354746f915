"""Many cases -> records: skip what is stored, have the rest timed side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from lightbench.runner.control import Say
from lightbench.timing.stopping import Progress, Rule

if TYPE_CHECKING:
    from lightbench.runner.given import Given


def run(
    cases: Sequence[Case],
    *,
    rule: Rule,
    given: Mapping[str, Given] | None = None,
    errors: Mapping[int, LightbenchError] | None = None,
    stored: Iterable[Record] = (),
    seed: int | None = None,
    trusted: bool = True,
    say: Say = lambda _text: None,
    progress: Callable[[Progress], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    sweep: Sequence[SweepPoint] = (),
    anchored: bool = False,
    force: bool = False,
) -> list[Record]:
    """Records of ``cases``, in their order. ``keep`` gets each one as soon as it is known.

    Cases that ``stored`` holds already are not measured again, unless ``force`` says so: those of the
    same network (see `identity`) on this machine, known as well as ``rule`` asks for. With
    ``anchored`` also the networks of `anchors` are timed, of which only ``keep`` gets records. Cases of
    one device, thread count and options are timed in rounds of random order, so that a machine whose
    speed drifts is unfair to none of them. One that fails is a record saying so. Ctrl-C ends the
    run: in the rounds, what has samples is kept, marked; then ``Interrupted`` is raised, with the
    records there are.

    With ``sweep``, one point for each case, of one device and thread count: the rounds end when each
    point's ratio to the reference is known within ``rule.rel``.
    """
    from lightbench.runner import interleave, isolated  # import torch
    from lightbench.runner.anchors import anchors
    from lightbench.runner.reuse import Reuse
    from lightbench.workers import worker  # import torch

    given, errors, stored = given or {}, errors or {}, tuple(stored)
    done: dict[int, Record] = {}
    reuse = Reuse(rule, trusted=trusted)

    def finish(index: int, record: Record) -> None:
        if sweep:
            record = msgspec.structs.replace(record, sweep=sweep[index])
        if index < len(cases):  # the others are anchors
            done[index] = record
        keep(record)

    def missing(members: Iterable[int], where: Environment) -> list[int]:
        held = {} if force else {r.case: r for r in stored if reuse.usable(r, where)}
        left = []
        for i in members:
            record = held.get(cases[i])
            if (
                record
                and cases[i].model not in given
                and i not in errors
                and reuse.same(record, where)
            ):
                done[i] = record
            else:
                left.append(i)
        return left

    def besides(members: Sequence[int], where: Environment) -> dict[int, Case]:
        """The anchors of these cases, by numbers that no case has."""
        if not anchored:
            return {}

        def same(record: Record) -> bool:
            here = record.environment.comparable == where.comparable
            return here and reuse.same(record, where)

        found = anchors([cases[i] for i in members], stored, same)
        return dict(enumerate(found, len(cases)))

    def together(i: int) -> tuple[str, int, tuple[str, ...]]:
        return cases[i].device, cases[i].threads or 0, cases[i].options

    order = sorted(range(len(cases)), key=together)
    for name, _, options in dict.fromkeys(map(together, order)):  # all, before the first is timed
        if reason := devices.find(name, options).unavailable():
            raise reason
    try:
        for (name, asked, options), members in groupby(order, together):
            device, threads = devices.find(name, options), asked or None
            if threads is None:
                session.follow(stored, device, name)
            where = session.here(device, name, device.host_threads(threads))
            left = missing(members, where)
            if not left:
                continue
            more = besides(left, where)
            group = interleave.Group(
                cases={i: cases[i] for i in left} | more,
                anchors=frozenset(more),
                sweep={i: sweep[i] for i in left} if sweep else {},
                given=given,
                errors=errors,
                rule=rule,
                seed=seed,
                trusted=trusted,
            )
            alone = device.strict is not None and not given and not worker.is_one()
            measure = isolated.measure if alone else interleave.measure
            measure(group, device, say=say, progress=progress, finish=finish)
    except KeyboardInterrupt as stop:
        raise Interrupted([done[i] for i in sorted(done)]) from stop
    return [done[i] for i in range(len(cases))]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; ``records`` are those that were finished."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records
