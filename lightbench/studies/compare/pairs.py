"""Two sides in one process, one call of each in turn and in random order, until a verdict is known."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch

from lightbench import devices
from lightbench.environment.allocator import keep_freed_memory
from lightbench.errors import LightbenchError, NotAvailable
from lightbench.models.sources.source_trees import Tree, late_imports, loaded_from, shared_operators
from lightbench.records import Case, Environment, Record, Samples
from lightbench.records.failure import explain_plainly
from lightbench.runner import file_outputs, interleave, prepare, record
from lightbench.runner.control import USUAL, Control
from lightbench.runner.given import Given
from lightbench.runner.prepare import Prepared
from lightbench.runner.session import here, process_kept, with_noted
from lightbench.stats.median import by_round
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.stats.verdict import ALPHA, TOLERANCE, confidence, detectable, judge, looks_s
from lightbench.studies.compare.comparison import CONTENTION, Comparison
from lightbench.studies.compare.settings import SECONDS
from lightbench.studies.compare.strangers import refuse_strangers
from lightbench.studies.compare.tolerance import check_tolerance
from lightbench.studies.settings import check_seconds
from lightbench.timing.clock import Reading, Step
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule
from lightbench.units import percent

WARM_UP_S = 1.0  # for each side


@dataclass(frozen=True)
class Side:
    """What is compared: a case, or a network handed over for it, or its source in another ``tree``."""

    case: Case
    given: Given | None = None
    tree: Tree | None = None
    label: str = ""


@dataclass(frozen=True)
class Gate:
    """How sure to be. Identical sides are called slower or faster in at most ``alpha`` of runs that
    have this many ``comparisons``. Raises UsageError."""

    tolerance: float = TOLERANCE
    seconds: float = SECONDS
    alpha: float = ALPHA
    comparisons: int = 1

    def __post_init__(self) -> None:
        check_tolerance(self.tolerance)
        check_seconds(self.seconds, SECONDS)

    @property
    def looks(self) -> tuple[float, ...]:
        """When to look, in seconds."""
        return looks_s(self.seconds)

    @property
    def confidence(self) -> float:
        """Of the interval at each look."""
        return confidence(len(self.looks), self.comparisons, self.alpha)


def compare_sides(
    a: Side,
    b: Side,
    gate: Gate,
    control: Control = USUAL,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Time two sides in pairs for at most ``gate.seconds``, less if the verdict is clear earlier.

    A side that cannot be run makes the comparison "not comparable", with its error in its record.
    Freed memory stays with the process from now on (see `environment.allocator`), as times would otherwise
    differ by luck of the heap. Ctrl-C passes through.
    """
    began = clock()
    keep_freed_memory()
    found = [devices.find(side.case.device, side.case.options) for side in (a, b)]
    for device in found:
        if reason := device.unavailable():
            raise reason
    looked = _Looks(gate)
    with process_kept(), ExitStack() as stack:
        seats = _seated((a, b), found, stack, control)
        names = (seats[0].name, seats[1].name)
        outcomes: Mapping[str, Samples | Exception] = {}
        seen: list[dict[str, Any]] = [{}, {}]
        steps = _steps(seats)
        if len(steps) == 2:
            control.say(f"{names[1]} beside {names[0]}")
            with ExitStack() as watches:
                seen = [watches.enter_context(seat.watching()) for seat in seats]
                outcomes = collect(
                    steps,
                    Rule(max_s=gate.seconds / 2, warmup_s=min(WARM_UP_S, gate.seconds)),
                    clock=clock,
                    rng=random.Random(control.seed),
                    report=control.progress,
                    enough=looked,
                )
        where = [
            with_noted(seat.where, {**seat.device.noted(), **noted})
            for seat, noted in zip(seats, seen, strict=True)
        ]
        records = []
        for key, seat, at in zip("ab", seats, where, strict=True):
            torch.set_num_threads(seat.threads)  # it is called once more
            records.append(_record(seat.side, seat.ready, outcomes.get(key), at))
    if any(r.samples is not None and r.samples.stop == "interrupted" for r in records):
        raise KeyboardInterrupt
    return judged(records, names, gate, looks=looked.taken, seconds=clock() - began)


class _Seat(NamedTuple):
    """A side where it is timed: with so many threads, and ready, or what is wrong with it."""

    side: Side
    device: devices.Device
    threads: int
    where: Environment
    ready: Prepared | LightbenchError

    @property
    def name(self) -> str:
        return self.side.label or self.side.case.model

    def watching(self) -> AbstractContextManager[dict[str, Any]]:
        return self.device.watching(self.side.case.threads, self.threads)


def _seated(
    sides: Sequence[Side],
    found: Sequence[devices.Device],
    stack: ExitStack,
    control: Control,
) -> list[_Seat]:
    """Both sides in sessions of their devices, which end with ``stack``."""
    # Before a session changes it, which PyTorch would take for its own choice.
    asked = [d.host_threads(s.case.threads) for d, s in zip(found, sides, strict=True)]
    for device, n in zip(found, asked, strict=True):
        active = stack.enter_context(device.session(threads=n))
    where = [here(d, s.case.device, n) for d, s, n in zip(found, sides, asked, strict=True)]
    ready: list[Prepared | LightbenchError] = []
    for side, device, n in zip(sides, found, asked, strict=True):
        control.say(f"{side.label or interleave.label(side.case)}: load, count, first run")
        torch.set_num_threads(n)
        ready.append(prepared_side(side, device, trusted=control.trusted))
    torch.set_num_threads(active)
    parts = zip(sides, found, asked, where, _in_one_context(_together(ready)), strict=True)
    return [_Seat(*part) for part in parts]


def _steps(seats: Sequence[_Seat]) -> dict[str, Step]:
    """Those of the sides that are ready; each with its own threads, where these differ."""
    differ = len({seat.threads for seat in seats}) > 1
    return {
        key: _step(seat.ready, seat.threads if differ else None)
        for key, seat in zip("ab", seats, strict=True)
        if isinstance(seat.ready, Prepared)
    }


def judged(
    records: Sequence[Record], names: tuple[str, str], gate: Gate, *, looks: int, seconds: float
) -> Comparison:
    """The comparison that two records of the same rounds make."""
    a, b = records
    shared: dict[str, Any] = {
        "a": a,
        "b": b,
        "names": names,
        "tolerance": gate.tolerance,
        "confidence": gate.confidence,
        "looks": looks,
        "seconds": seconds,
    }
    if a.samples is None or b.samples is None or a.suspicions or b.suspicions:
        return Comparison(ratio=None, verdict="not comparable", **shared)
    ratio = _ratio(a.samples, b.samples, "times_s", gate.confidence)
    cpu_ratio = None
    if a.samples.cpu_s and b.samples.cpu_s and min(*a.samples.cpu_s, *b.samples.cpu_s) > 0:
        cpu_ratio = _ratio(a.samples, b.samples, "cpu_s", gate.confidence)
    return Comparison(
        ratio=ratio,
        cpu_ratio=cpu_ratio,
        clock="device" if a.samples.device_s and b.samples.device_s else "wall",
        verdict=judge(ratio, gate.tolerance),
        detectable=detectable(ratio, gate.tolerance, gate.confidence),
        warnings=contention(ratio, cpu_ratio, a, b),
        **shared,
    )


class _Looks:
    """Looks at the pairs at the planned times; the verdict ends them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.done = 0
        self.settled = False

    @property
    def taken(self) -> int:
        """How many there were, with the one at the end."""
        return min(self.done + (not self.settled), len(self._gate.looks))

    def __call__(self, spent_s: float, times: Callable[[], dict[str, list[float]]]) -> bool:
        due = sum(look <= spent_s for look in self._gate.looks)
        if due <= self.done:
            return False
        self.done = due
        sides = times()
        if len(sides) < 2:
            return True  # a side has failed
        ratio = paired_ratio(sides["a"], sides["b"], self._gate.confidence)
        self.settled = judge(ratio, self._gate.tolerance) != "unclear"
        return self.settled


def prepared_side(
    side: Side, device: devices.Device, *, trusted: bool, alone: bool = False
) -> Prepared | LightbenchError:
    """The side, ready to be timed in a session of its device, or what is wrong with it. With ``alone``
    there is no other version of it in this process."""
    shared: list[str] = []
    try:
        if side.tree is None:
            return prepare.prepare(side.case, device, side.given, trusted=trusted)
        with loaded_from(side.tree):
            prepared = prepare.prepare(side.case, device, side.given, trusted=trusted)
            refuse_strangers(side.tree, side.label or side.case.model)
            if not alone:
                late = late_imports(side.tree, partial(_once, prepared))
                shared = [*late, *shared_operators(side.tree)]
    except LightbenchError as error:
        return error
    if shared:
        return NotAvailable(
            f"{side.label or side.case.model} imports or registers {', '.join(shared[:3])} while it runs, which two versions in"
            " one process share.",
            "Import it at the top of the file, or add --isolate.",
        )
    return prepared


def _together(sides: Sequence[Prepared | LightbenchError]) -> list[Prepared | LightbenchError]:
    """Two engines that run one model file are held against each other."""
    ready = {i: side for i, side in enumerate(sides) if isinstance(side, Prepared)}
    return list({**dict(enumerate(sides)), **file_outputs.together(ready)}.values())


def _in_one_context(
    sides: Sequence[Prepared | LightbenchError],
) -> list[Prepared | LightbenchError]:
    """If one side takes gradients in its forward pass, the other runs in the context of those too:
    contexts differ in what they cost an operator."""
    if not any(isinstance(side, Prepared) and side.takes_gradients for side in sides):
        return list(sides)
    return [
        prepare.as_if_taking_gradients(side) if isinstance(side, Prepared) else side
        for side in sides
    ]


def _once(prepared: Prepared) -> None:
    with prepared.program.context():
        prepared.program.call()


def _step(prepared: Prepared, threads: int | None) -> Step:
    """Its step; where the sides differ in threads, with its own number, and once untimed after the
    change, which wakes or makes them."""
    if threads is None:
        return prepared.step

    def timed(n: int) -> Reading:
        torch.set_num_threads(threads)
        prepared.step(1)
        return prepared.step(n)

    return timed


def _record(
    side: Side,
    prepared: Prepared | LightbenchError,
    outcome: Samples | Exception | None,
    where: Environment,
) -> Record:
    if isinstance(prepared, LightbenchError):
        return record.failed(side.case, prepared, where)
    if isinstance(outcome, Exception):
        reason = explain_plainly("the network failed while it was timed", outcome)
        return record.failed(side.case, reason, where)
    if outcome is None:  # the other side has failed
        return record.counted(prepared, where)
    return record.measured(prepared, outcome, where)


def _ratio(a: Samples, b: Samples, clock: str, level: float) -> Ratio:
    sides = [by_round(getattr(side, clock), side.samples_per_round) for side in (a, b)]
    return paired_ratio(sides[0], sides[1], level)


def contention(ratio: Ratio, cpu: Ratio | None, a: Record, b: Record) -> tuple[str, ...]:
    """Where the clocks of wall and CPU disagree by more than a point, for sides that run on one
    thread: others have taken the CPU away, or one side waits for something."""
    alone = all(r.case.device == "cpu" and r.environment.comparable["threads"] == 1 for r in (a, b))
    if cpu is None or not alone or abs(ratio.ratio - cpu.ratio) <= CONTENTION:
        return ()
    said = (
        f"the CPU clock says {percent(cpu.ratio - 1)} and the wall clock {percent(ratio.ratio - 1)}:"
        " other programs disturbed it, or one side waits."
    )
    return (said,)
