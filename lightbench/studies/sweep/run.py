"""Sweeps -> records, of which those of one sweep were timed in the same rounds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial

from lightbench.environment.allocator import keep_freed_memory
from lightbench.records import Case, Record, SweepPoint
from lightbench.runner import run
from lightbench.runner.control import USUAL, Control, Say, unsaid
from lightbench.runner.reuse import Reuse
from lightbench.runner.session import follow, here
from lightbench.runner.setup import Setup
from lightbench.studies.sweep.equal import check_equal_madds, input_of
from lightbench.studies.sweep.plan import Point, Size, Sweep
from lightbench.studies.sweep.relative import sweeps
from lightbench.timing.stopping import Rule
from lightbench.workers import interrupts

KNOWN_REL = 0.02  # rounds end when every ratio is known this well ...
FEWEST = 12  # ... and there are this many of them
WARM_UP = 0.2  # of a sweep's seconds


def measure(
    sweep: Sweep,
    setup: Setup,
    *,
    seconds: float,
    size: Size | None = None,
    control: Control = USUAL,
) -> list[Record]:
    """Time the points of a sweep for about ``seconds``, less if every ratio is known within 2 %.

    A sweep that ``control.stored`` holds whole, of the same networks, measured on this machine and as
    well as asked for, is not measured again. Raises UsageError for points that are meant to have equal multiply-adds and do not.
    """
    check_equal_madds(sweep)
    own = uuid.uuid4().hex[:12]
    planned = [
        (p, launch)
        for launch in ((False, True) if sweep.launch else (False,))
        for p in sweep.points
    ]
    cases = [_case(p, setup, (1, 1) if launch else p.size or size) for p, launch in planned]
    points = [_place(sweep, p, own, launch=launch) for p, launch in planned]
    rule = Rule(
        rel=KNOWN_REL,
        max_s=seconds * (1 - WARM_UP) / len(cases),
        warmup_s=seconds * WARM_UP / len(cases),
        min_samples=FEWEST,
    )
    known = None if control.force else _stored(cases, points, setup, control.stored, rule)
    if known:
        control.say(f"{sweep.title}: stored already")
        return known
    control.say(f"{sweep.title}: {len(sweep.points)} networks")
    once = replace(control, stored=(), say=unsaid)  # all of it anew, and that is said
    return run.run(cases, rule=rule, sweep=points, control=once)


def measure_all(
    sweeps: Sequence[Sweep],
    setup: Setup,
    *,
    seconds: Callable[[Sweep], float],
    control: Control = USUAL,
) -> list[Record]:
    """Every sweep for about ``seconds(sweep)``, as `measure` does. Ctrl-C keeps what is finished, in
    the exception."""
    setup.check()
    if setup.threads is None:
        follow(control.stored, setup.found, setup.device)
    keep_freed_memory()
    records: list[Record] = []
    for i, sweep in enumerate(sweeps, 1):
        numbered = replace(control, say=partial(_say, control.say, f"sweep {i} of {len(sweeps)}: "))
        try:
            records += measure(sweep, setup, seconds=seconds(sweep), control=numbered)
        except KeyboardInterrupt as stop:
            interrupts.heed()
            done = stop.records if isinstance(stop, run.Interrupted) else []
            raise run.Interrupted([*records, *done]) from stop
    return records


def _say(say: Say, where: str, text: str) -> None:
    say(where + text)


def _case(point: Point, setup: Setup, size: Size | None) -> Case:
    settings = {**asdict(setup), "batch": point.batch or setup.batch}
    return Case(model=point.model, inputs=(input_of(point, size),), **settings)


def _place(sweep: Sweep, point: Point, run: str, *, launch: bool) -> SweepPoint:
    return SweepPoint(
        run=run,
        experiment=sweep.experiment,
        point=point.label,
        channels=sweep.channels,
        width=sweep.width,
        settings=dict(point.settings),
        reference=point.label == sweep.reference,
        launch=launch,
        per_madd=sweep.per_madd,
        note=point.note,
    )


def _stored(
    cases: Sequence[Case],
    points: Sequence[SweepPoint],
    setup: Setup,
    stored: Sequence[Record],
    rule: Rule,
) -> list[Record] | None:
    """The latest run of exactly these cases on this machine with this software, if it was given as
    much time, or every ratio in it is known."""
    found = [group for group in sweeps(stored) if _same(group, cases, points)]
    if not found:
        return None
    device = setup.found
    active = device.host_threads(setup.threads)
    where = here(device, setup.device, active)
    reuse = Reuse()

    def holds(group: Sequence[Record]) -> bool:
        here = all(r.environment.comparable == where.comparable for r in group)
        return here and _as_good(group, rule) and all(reuse.same(r, where) for r in group)

    return next(filter(holds, reversed(found)), None)


def _as_good(group: Sequence[Record], rule: Rule) -> bool:
    runs = [record.run for record in group if record.run]
    calm = all(record.believed for record in group)
    known = calm and all(r.samples and r.samples.stop == "converged" for r in group)
    wide = all(run.rel is not None and run.rel <= rule.rel for run in runs)
    long = all(run.max_s is not None and run.max_s >= rule.max_s * (1 - 1e-9) for run in runs)
    return wide and (known or long)


def _same(group: Sequence[Record], cases: Sequence[Case], points: Sequence[SweepPoint]) -> bool:
    timed = [r for r in group if r.samples is not None and r.samples.stop != "interrupted"]
    have = {(r.case, _identity(r.sweep)) for r in timed if r.sweep}
    return have == {(c, _identity(p)) for c, p in zip(cases, points, strict=True)}


def _identity(point: SweepPoint) -> tuple[str, ...]:
    return point.experiment, point.channels, str(point.width), point.point
