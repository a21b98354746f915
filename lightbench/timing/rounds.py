"""When to warm up, what to time when, when to stop. Pure: steps, clock, randomness are handed in.

Every case is called once (timed apart), then warmed up until it is steady, then timed in rounds. A
round visits every case once, in a fresh random order, so that whatever the machine does to one it
does to all: two cases are compared round by round. Rounds end when every median (or, where cases are
compared, every ratio) is known well enough, or when the time is spent.
"""

from __future__ import annotations

import math
import random
import traceback
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from lightbench.errors import NotAvailable
from lightbench.records import Samples, Stop
from lightbench.records.failure import words_of
from lightbench.timing.clock import Step, Visit, clocks, read
from lightbench.timing.continued import rounds_of, spent_s, whole
from lightbench.timing.stopping import (
    REPORT_EVERY_S,
    Budget,
    Criterion,
    Enough,
    Looks,
    Progress,
    Rule,
    known_medians,
    known_ratios,
)
from lightbench.timing.warmup import Warm, warm_up
from lightbench.workers import interrupts, journal

LONG_S = 0.1  # a call this long moves far more than the caches hold: it needs no untimed one before

VISIT = 0.25  # of the longest call: so long a visit may last for the sake of more samples ...
MAX_VISIT = 31  # ... of which more than this would help no more

ALIKE = 1.25  # calls whose lengths differ by less spoil the caches for each other alike

NOTHING: Mapping[str, Samples] = MappingProxyType({})

T = TypeVar("T")


def samples_per_round(case_s: float, longest_s: float) -> int:
    """How many samples a visit takes: one, or an odd number that fits into a quarter of the longest
    case's call. A round then lasts little longer, and the short case is known much better."""
    fit = min(int(VISIT * longest_s / case_s), MAX_VISIT)
    return max(fit - (1 - fit % 2), 1)


def _with_visits(cases: Mapping[str, Warm], compared: Mapping[str, str] | None) -> dict[str, Warm]:
    """Short cases are timed several times a round; where cases are compared, only those that are."""
    again = cases if compared is None else {*compared, *compared.values()}
    blocks = {name: c.typical_s * c.calls_per_sample for name, c in cases.items()}
    longest_s = max(blocks.values(), default=0.0)
    return {
        name: case._replace(samples_per_round=samples_per_round(blocks[name], longest_s))
        if name in again
        else case
        for name, case in cases.items()
    }


def _visit(case: Warm, *, untimed_first: bool) -> Visit:
    if untimed_first and case.typical_s < LONG_S:
        case.step(1)  # fills the caches with this network's own data, not its neighbour's
    return tuple(read(case.step, case.calls_per_sample) for _ in range(case.samples_per_round))


def _round(
    cases: Mapping[str, Warm],
    order: Sequence[str],
    failed: dict[str, Exception],
    *,
    untimed_first: bool,
) -> dict[str, Visit]:
    """Visit cases in this order; those that fail go to ``failed``."""
    taken: dict[str, Visit] = {}
    for name in order:
        visit = _attempt(_visit, cases[name], untimed_first=untimed_first)
        if isinstance(visit, Exception):
            failed[name] = visit
        else:
            taken[name] = visit
    return taken


def _attempt(work: Callable[..., T], *args: Any, **settings: Any) -> T | Exception:
    try:
        return work(*args, **settings)
    except Exception as error:  # noqa: BLE001  the caller gets it; the other cases go on
        # Its frames hold tensors: a case that ran out of memory must not starve the others.
        traceback.clear_frames(error.__traceback__)
        return error
    except BaseException as error:  # noqa: BLE001  SystemExit, and what a network has made of its own
        journal.let_through(error)
        return RuntimeError(f"{type(error).__name__}: {words_of(error)}".removesuffix(": "))


def _alike(cases: Mapping[str, Warm]) -> bool:
    """Measured: with networks 1.5 times apart the ratio is 1.5 % off without the untimed call, with
    alike ones it is not, and there are twice as many pairs."""
    lengths = [case.typical_s for case in cases.values()]
    return bool(lengths) and max(lengths) <= ALIKE * min(lengths)


@dataclass(frozen=True)
class _Taken:
    """What there is so far: cases that are warm, those that have ``failed``, whole rounds, since an
    interrupt never leaves half a one, and why each of the others was thrown away."""

    cases: Mapping[str, Warm]
    failed: dict[str, Exception]
    rounds: list[dict[str, Visit]]
    throttled: list[str]

    @property
    def alive(self) -> list[str]:
        """Cases that are still timed."""
        return [name for name in self.cases if name not in self.failed]

    def add(self, visits: dict[str, Visit]) -> bool:
        """A round; does it count?"""
        slowed = [r.throttled for visit in visits.values() for r in visit if r.throttled]
        self.throttled.extend(slowed[:1])
        if not slowed:
            self.rounds.append(visits)
        return not slowed

    def samples(
        self, stop: Callable[[str], Stop] = lambda _name: "interrupted"
    ) -> dict[str, Samples]:
        """Of each case that has not failed; ``stop`` says of a name why it ended."""
        return {name: self._of(name, stop(name)) for name in self.alive}

    def _of(self, name: str, stop: Stop) -> Samples:
        case = self.cases[name]
        return Samples(
            **clocks([reading for visits in self.rounds for reading in visits[name]]),
            throttled_rounds=len(self.throttled),
            calls_per_sample=case.calls_per_sample,
            samples_per_round=case.samples_per_round,
            first_call_s=case.first_call_s,
            warmup_calls=case.warmup_calls,
            stop=stop,
        )


def _warmed(
    steps: Mapping[str, Step],
    rule: Rule,
    clock: Callable[[], float],
    compared: Mapping[str, str] | None,
    begun: Mapping[str, Samples],
) -> tuple[_Taken, float]:
    """All cases, warm, with the rounds of an interrupted run if it was of all of them, and how long those
    took."""
    outcomes = {name: _attempt(warm_up, step, rule, clock) for name, step in steps.items()}
    cases = _with_visits({n: c for n, c in outcomes.items() if isinstance(c, Warm)}, compared)
    failed = {name: case for name, case in outcomes.items() if isinstance(case, Exception)}
    earlier = whole(begun, cases)
    for name, one in earlier.items():
        as_it_was = {key: getattr(one, key) for key in ("calls_per_sample", "samples_per_round")}
        cases[name] = cases[name]._replace(**as_it_was)
    throttled = max((one.throttled_rounds for one in earlier.values()), default=0)
    return _Taken(cases, failed, rounds_of(earlier), ["earlier"] * throttled), spent_s(earlier)


def _too_hot(throttled: Sequence[str]) -> NotAvailable:
    return NotAvailable(
        f"the device was slowed down ({throttled[0]}) in all {len(throttled)} rounds.",
        "Let it cool, raise its power limit, or measure longer.",
    )


def _criterion(
    rule: Rule,
    compared: Mapping[str, str] | None,
    enough: Enough | None,
    unawaited: Container[str],
) -> Criterion:
    if enough is not None:
        return Looks(enough)
    if compared is not None:
        return known_ratios(rule, compared, unawaited)
    return known_medians(rule, unawaited)


def collect(
    steps: Mapping[str, Step],
    rule: Rule,
    *,
    clock: Callable[[], float],
    rng: random.Random,
    report: Callable[[Progress], None] | None = None,
    compared: Mapping[str, str] | None = None,
    enough: Enough | None = None,
    unawaited: Container[str] = (),
    begun: Mapping[str, Samples] = NOTHING,
    so_far: Callable[[Callable[[], dict[str, Samples]]], None] | None = None,
) -> dict[str, Samples | Exception]:
    """Time every case, by name; ``clock`` gives seconds and only ever decides when to stop.

    Rounds end when every median is known within ``rule.rel``, or when the next round would not fit
    into ``rule.max_s`` times the number of cases (warm-up not counted); one round is run in any
    case. A case has ``samples_per_round`` samples of each round. ``stop`` is "converged" for a case
    whose own median is known well enough, "max_seconds" otherwise.

    Rounds do not go on for the sake of ``unawaited`` cases, unless there are no others.

    With ``enough`` it alone decides that enough is known; cases of about the same length then go
    without the untimed call.

    A step that raises ends its case: its exception is returned, the other cases go on. Ctrl-C ends
    the rounds: what whole rounds gave is returned with ``stop`` "interrupted". Before the first
    whole round there is nothing to return, and KeyboardInterrupt passes through.

    With ``begun``, of an interrupted run of all these cases, its rounds count as the first ones. Now
    and then ``so_far`` gets a function that gives the samples that there are, interrupted as they are.

    A round in which the device was slowed down is thrown away, and counted in ``throttled_rounds``;
    if they all are, each case has an error that says so.
    """
    taken, earlier_s = _warmed(steps, rule, clock, compared, begun)
    criterion = _criterion(rule, compared, enough, unawaited)
    budget = Budget(rule.max_s * len(taken.cases), rule.max_samples)
    spoiling = enough is None or not _alike(taken.cases)
    interrupted, reported = False, -math.inf
    began = clock() - earlier_s
    try:
        while alive := taken.alive:
            order = rng.sample(alive, len(alive))
            untimed = spoiling and len(alive) > 1
            visits = _round(taken.cases, order, taken.failed, untimed_first=untimed)
            if not visits:
                break
            counts = taken.add(visits)
            done_s = clock() - began
            if counts and criterion.ask(taken.rounds, done_s):
                break
            if report and taken.rounds and done_s - reported >= REPORT_EVERY_S:
                report(criterion.progress(taken.rounds, done_s, budget))
                reported = done_s
            if so_far and taken.rounds:
                so_far(taken.samples)
            if not budget.fits_another(done_s, len(taken.rounds) + len(taken.throttled)):
                break
    except KeyboardInterrupt:
        if not taken.rounds:
            raise
        interrupts.heed()
        interrupted = True

    if taken.throttled and not taken.rounds:
        return {name: taken.failed.get(name) or _too_hot(taken.throttled) for name in steps}
    known = criterion.known(taken.rounds, taken.alive)

    def stop(name: str) -> Stop:
        ended: Stop = "converged" if known(name) else "max_seconds"
        return "interrupted" if interrupted else ended

    found: dict[str, Samples | Exception] = {**taken.failed, **taken.samples(stop)}
    return {name: found[name] for name in steps}
