"""Cases of one device -> records: load them all, time them side by side in rounds, in this process."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from lightbench import units
from lightbench.devices import Device
from lightbench.errors import LightbenchError, OutOfMemory
from lightbench.records import Case, Environment, Record, Run, Samples, SweepPoint
from lightbench.records.case import CROSSCHECK, ENERGY, MEMORY
from lightbench.records.failure import explain_plainly
from lightbench.runner import beyond, file_outputs, prepare, resident
from lightbench.runner.control import Finish, Report, Say, SoFar
from lightbench.runner.given import Given
from lightbench.runner.record import failed, measured
from lightbench.runner.session import here, process_kept, with_noted
from lightbench.runner.vendor import with_vendor
from lightbench.timing.continued import rounds, whole
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule


@dataclass(frozen=True)
class Group:
    """Cases of one device, thread count and options, by their number; with ``sweep``, one point for
    each of them. ``errors`` are those of cases whose network cannot be found; ``anchors`` are the
    numbers of cases that the rounds do not wait for, and that no one misses if they fail."""

    cases: Mapping[int, Case]
    rule: Rule
    sweep: Mapping[int, SweepPoint] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)
    errors: Mapping[int, LightbenchError] = field(default_factory=dict)
    anchors: frozenset[int] = frozenset()
    begun: Mapping[int, Record] = field(
        default_factory=dict
    )  # by an interrupted run: to go on from
    seed: int | None = None
    trusted: bool = True

    @property
    def device(self) -> str:
        """The name that they share."""
        return next(iter(self.cases.values())).device

    @property
    def threads(self) -> int | None:
        """The thread count that they share."""
        return next(iter(self.cases.values())).threads


def measure(
    group: Group,
    device: Device,
    *,
    say: Say,
    progress: Report | None,
    finish: Finish,
    so_far: SoFar | None = None,
) -> None:
    """Time a group; ``finish`` gets the number and the record of each case as soon as it is known.
    Ctrl-C passes through, after what has samples is finished."""
    with process_kept(), device.session(threads=group.threads) as active:
        where = here(device, group.device, active)
        ready = _made_ready(group, device, where, say, finish)
        begun = whole({i: r.samples for i, r in group.begun.items() if r.samples}, ready)
        runs = _run(group, going_on=bool(begun))

        def told(samples: Callable[[], dict[str, Samples]]) -> None:
            if so_far:
                so_far(lambda: [_of(int(i), taken) for i, taken in samples().items()])

        def _of(i: int, samples: Samples) -> Record:
            return _continued(measured(ready[i], samples, where, runs(i)), begun.get(i))

        with device.watching(group.threads, active) as seen:
            results = _time(ready, group, begun, progress, told)
        where = with_noted(where, {**device.noted(), **seen})
        for i, result in results.items():
            if isinstance(result, Exception) and i in group.anchors:
                continue
            if isinstance(result, Exception):
                reason = explain_plainly("the network failed while it was timed", result)
                finish(i, failed(group.cases[i], reason, where))
            else:
                record = _of(i, result)
                if ENERGY in record.case.options:
                    say(f"{label(record.case)}: energy")
                    record = _with_energy(record, ready[i], device)
                if CROSSCHECK in record.case.options and i not in group.anchors:
                    say(f"{label(record.case)}: second opinion")
                    record = with_vendor(record, ready[i])
                if MEMORY in record.case.options and i not in group.anchors:
                    say(f"{label(record.case)}: memory")
                    at_hand = record.case.model in group.given
                    record = resident.with_resident(record, ready[i], at_hand=at_hand)
                finish(i, record)
        if any(isinstance(r, Samples) and r.stop == "interrupted" for r in results.values()):
            raise KeyboardInterrupt


def _made_ready(
    group: Group, device: Device, where: Environment, say: Say, finish: Finish
) -> dict[int, prepare.Prepared]:
    """Cases that can be timed; those that cannot are finished. None if nothing that was asked for can."""
    ready: dict[int, prepare.Prepared] = {}
    spent: list[Case] = []  # for which memory did not suffice
    for i, case in group.cases.items():
        try:
            beyond.refuse(case, spent)
            say(f"{label(case)}: load, count, first run")
            if i in group.errors:
                raise group.errors[i]
            given = group.given.get(case.model)
            ready[i] = prepare.prepare(case, device, given, trusted=group.trusted)
        except LightbenchError as error:
            if isinstance(error, OutOfMemory):
                spent.append(case)
            if i not in group.anchors:
                finish(i, failed(case, error, where))
    return {} if ready.keys() <= group.anchors else file_outputs.together(ready)


def _with_energy(record: Record, prepared: prepare.Prepared, device: Device) -> Record:
    joules = device.energy(prepared.program.call, prepared.program.context)
    if joules is None:
        said = f"no energy: {device.why_no_energy()}."
        return msgspec.structs.replace(record, warnings=(*record.warnings, said))
    return msgspec.structs.replace(record, energy_j=joules / record.case.batch)


def _time(
    ready: Mapping[int, prepare.Prepared],
    group: Group,
    begun: Mapping[int, Samples],
    progress: Report | None,
    so_far: Callable[[Callable[[], dict[str, Samples]]], None],
) -> dict[int, Samples | Exception]:
    samples = collect(
        {str(i): prepared.step for i, prepared in ready.items()},
        group.rule,
        clock=time.perf_counter,
        rng=random.Random(group.seed),
        report=progress,
        compared=_compared(group.sweep),
        unawaited=frozenset(map(str, group.anchors)),
        begun={str(i): samples for i, samples in begun.items()},
        so_far=so_far,
    )
    return {int(name): result for name, result in samples.items()}


def _continued(record: Record, begun: Samples | None) -> Record:
    if begun is None:
        return record
    said = f"continued: its first {units.count(rounds(begun))} rounds are of a run that was interrupted."
    return msgspec.structs.replace(record, warnings=(*record.warnings, said))


def _run(group: Group, *, going_on: bool) -> Callable[[int], Run]:
    """The run of each case: that which it goes on from, or a new one, and that of a sweep is called as
    the sweep itself."""
    begun = (record.run.id for record in group.begun.values() if record.run and going_on)
    sweep = (point.run for point in group.sweep.values())
    known = next(sweep, None) or next(begun, None) or uuid.uuid4().hex[:12]
    rel, max_s = group.rule.rel, group.rule.max_s
    return lambda i: Run(id=known, anchor=i in group.anchors, rel=rel, max_s=max_s)


def _compared(sweep: Mapping[int, SweepPoint]) -> dict[str, str] | None:
    """Every point -> the reference, by the names that `collect` knows them under."""
    if not sweep:
        return None
    (reference,) = (i for i, point in sweep.items() if point.reference and not point.launch)
    return {
        str(i): str(reference) for i, point in sweep.items() if i != reference and not point.launch
    }


def label(case: Case) -> str:
    """A case on a progress line."""
    return f"{case.model} batch {case.batch}"
