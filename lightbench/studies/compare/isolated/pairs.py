"""Two sides in two processes that hand a token to one another, for sides with other dependencies.

One of them runs while the other one waits, on the same core, for one call at a time and in random
order. What a process was dealt at its start stays with it, so pairs of fresh processes are what is
counted: see `stats.restarts`. Weaker than two sides in one process: use that where it can be done.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import msgspec

from lightbench.environment import free_cores
from lightbench.errors import UsageError
from lightbench.records import Case, Record
from lightbench.runner.control import Report, Say
from lightbench.stats.median import median
from lightbench.stats.verdict import confidence
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.isolated.restarts import Pair, judged_restarts, timed
from lightbench.studies.compare.isolated.side import Child, SideFailed, started
from lightbench.studies.compare.isolated.turns import AFRESH, DROP, TIMED, WARM, Task
from lightbench.studies.compare.pairs import WARM_UP_S, Gate
from lightbench.studies.compare.worker import Request, Version
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import ALIKE
from lightbench.timing.stopping import REPORT_EVERY_S, Budget, Progress, Rule
from lightbench.timing.warmup import MAX_WARMUP_BLOCKS, MIN_WARMUP_S, WINDOW, is_steady
from lightbench.units import DASH

RESTARTS, MOST = 5, 10  # looks: after so many, and if it is unclear after so many
WARM_UP_ROUNDS = 15

Turn = Callable[[bytes], Reading]
Pythons = tuple[str | None, str | None]


def compare_isolated(
    request: Request,
    *,
    restarts: int = RESTARTS,
    most: int = MOST,
    python: Pythons = (None, None),
    seconds: float | None = None,
    say: Say = lambda _text: None,
    progress: Report | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Time two sides by name over ``restarts`` pairs of fresh processes, over ``most`` if it is
    unclear then; each pair for ``seconds`` (default: so that all take ``request.seconds``), and
    loading comes on top.

    ``python`` names other interpreters, whose environments have lightbench and what else they
    have: their torch is what is compared. On a CPU both sides run on one core, or as many as they
    have threads; with one thread its CPU clock counts, unless a side spends its time waiting.

    A side that cannot be run, or whose process dies, makes the comparison "not comparable", with its
    error in its record. Raises UsageError, and NotAvailable for a device or an interpreter that cannot
    be used. Ctrl-C ends all processes.
    """
    gate = Gate(request.tolerance, request.seconds, comparisons=request.comparisons)
    looks = _looks(restarts, most)
    each_s = Rule(max_s=request.seconds / looks[-1] if seconds is None else seconds).max_s
    level = confidence(len(looks), request.comparisons, gate.alpha)
    names = (_name(request.a), _name(request.b))
    rng = random.Random(request.seed)
    free_cores.decided()  # once, before both sides are at work
    plan = _Plan(request, python, each_s, each_s * looks[-1], rng, clock, say, progress)
    pairs: list[Pair] = []
    warnings: list[str] = []
    began = clock()
    for look, wanted in enumerate(looks, 1):
        while len(pairs) < wanted:
            say(f"restart {len(pairs) + 1} of {wanted}")
            pair, said = _restart(plan, pairs)
            pairs.append(pair)
            warnings += said
            if not timed(pair):
                break
        found = judged_restarts(
            pairs, names, gate.tolerance, level, looks=look, seconds=clock() - began
        )
        if found.verdict != "unclear":
            break
    return msgspec.structs.replace(
        found, warnings=(*dict.fromkeys(warnings), *_differences(found), *found.warnings)
    )


def _looks(restarts: int, most: int) -> tuple[int, ...]:
    if not 2 <= restarts <= most:
        raise UsageError(
            f"cannot judge after {restarts} restarts and at most {most}.",
            "Two are the fewest that say how much restarts differ; 5 and 10 are usual.",
        )
    return (restarts, most) if most > restarts else (restarts,)


class _Plan(NamedTuple):
    """What all restarts of one comparison share."""

    request: Request
    python: Pythons
    each_s: float
    all_s: float
    rng: random.Random
    clock: Callable[[], float]
    say: Say
    progress: Report | None


def _restart(plan: _Plan, before: Sequence[Pair]) -> tuple[Pair, list[str]]:
    """One pair of fresh processes: their records, and what a reader must know of them."""
    versions = {"a": plan.request.a, "b": plan.request.b}
    pythons = dict(zip("ab", plan.python, strict=True))
    earlier = dict(zip("ab", before[0], strict=True)) if before else {}
    records: dict[str, Record] = {}
    sides: dict[str, Child] = {}
    with ExitStack() as stack:
        for key in plan.rng.sample("ab", 2):
            plan.say(f"{_name(versions[key])}: start, load, count, first run")
            task = Task(
                versions[key],
                plan.request.trusted,
                cores_for(versions[key].case),
                _calls(earlier.get(key)),
            )
            sides[key] = stack.enter_context(started(key, task, pythons[key]))
            try:
                records[key] = sides[key].load()
            except SideFailed as failed:
                records[key] = failed.record
        if all(record.failure is None for record in records.values()):
            plan.say(f"{_name(versions['b'])} beside {_name(versions['a'])}")
            try:
                _time(plan, sides, before)
                records = {key: side.finish() for key, side in sides.items()}
            except SideFailed as failed:
                records[failed.key] = failed.record
    said = [sentence for key in "ab" for sentence in _about(records[key], pinned=sides[key].pinned)]
    return (records["a"], records["b"]), said


def _time(plan: _Plan, sides: Mapping[str, Child], before: Sequence[Pair]) -> None:
    earlier_s = len(before) * plan.each_s
    earlier = sum(len(a.samples.times_s) for a, _ in before if a.samples)

    def report(spent_s: float, rounds: int) -> None:
        if plan.progress:
            done_s = earlier_s + spent_s
            left_s = max(plan.all_s - done_s, 0.0)
            plan.progress(Progress(done_s, left_s, earlier + rounds, None))

    turns = {key: side.turn for key, side in sides.items()}
    take_rounds(turns, plan.each_s, rng=plan.rng, clock=plan.clock, report=report)


def take_rounds(
    turns: Mapping[str, Turn],
    seconds: float,
    *,
    rng: random.Random,
    clock: Callable[[], float],
    report: Callable[[float, int], None] = lambda _spent_s, _rounds: None,
) -> None:
    """Warm both sides up, then hand the token to and fro: each round to both, in a fresh random order,
    until the next round would not fit into ``seconds``. One round is made in any case. A round in
    which the device was slowed down is dropped by both."""

    def round_of(token: bytes) -> dict[str, Reading]:
        return {key: turns[key](token) for key in rng.sample(list(turns), len(turns))}

    token = _warm_up(round_of, clock)
    budget = Budget(seconds)
    tried = dropped = 0
    reported = -math.inf
    began = clock()
    while True:
        taken = round_of(token)
        tried += 1
        if any(reading.throttled for reading in taken.values()):
            round_of(DROP)
            dropped += 1
        spent_s = clock() - began
        if spent_s - reported >= REPORT_EVERY_S:
            report(spent_s, tried - dropped)
            reported = spent_s
        if not budget.fits_another(spent_s, tried):
            return


def _warm_up(round_of: Callable[[bytes], dict[str, Reading]], clock: Callable[[], float]) -> bytes:
    """Rounds that do not count, until both sides are steady; gives the token of those that do. Sides of
    about the same length spoil the caches for each other alike."""
    taken: list[dict[str, Reading]] = []
    began = clock()
    spent_s = 0.0
    while spent_s < 2 * WARM_UP_S and len(taken) < MAX_WARMUP_BLOCKS:
        taken.append(round_of(WARM))
        spent_s = clock() - began
        enough = len(taken) >= WARM_UP_ROUNDS and spent_s >= MIN_WARMUP_S
        if enough and all(
            is_steady([r[key].time_s for r in taken[-2 * WINDOW :]]) for key in taken[0]
        ):
            break
    typical = [median(r[key].wall_s for r in taken[-WINDOW:]) for key in taken[0]]
    return TIMED if max(typical) <= ALIKE * min(typical) else AFRESH


def cores_for(case: Case) -> tuple[int, ...] | None:
    """The last cores that this process may use, as many as the case has threads (one, if it does not
    say), so that both sides get the same. None: all, on an accelerator or where cores cannot be
    chosen."""
    if case.device != "cpu" or not hasattr(os, "sched_getaffinity"):
        return None
    return tuple(sorted(os.sched_getaffinity(0))[-(case.threads or 1) :])


def _about(record: Record, *, pinned: bool) -> Iterator[str]:
    if record.case.device != "cpu" or record.failure:
        return
    if not pinned:
        yield "this system cannot keep both sides on the same core: expect a wider interval."
    elif record.case.threads is None:
        yield "both sides ran on one core, so with one thread: --threads asks for more."


def _differences(found: Comparison) -> Iterator[str]:
    """In what the sides' environments differ, which may be all there is between them."""
    a, b = found.a.environment.comparable, found.b.environment.comparable
    if found.ratio is not None:
        for fact in dict.fromkeys((*a, *b)):
            if a.get(fact) != b.get(fact):
                yield f"{fact} differs: {_fact(a.get(fact))} and {_fact(b.get(fact))}."


def _fact(value: str | int | None) -> str:
    return DASH if value is None else str(value)


def _calls(earlier: Record | None) -> int | None:
    return earlier.samples.calls_per_sample if earlier and earlier.samples else None


def _name(version: Version) -> str:
    return version.label or version.case.model
