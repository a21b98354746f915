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
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

from lightbench.errors import NotAvailable, UsageError
from lightbench.records import Samples, Stop
from lightbench.stats.median import ENOUGH, median
from lightbench.timing.known import all_times, ratio_half_width, rounds_half_width, seconds_left

SHORT_S = 50e-6  # calls below this are timed in blocks: reading the clocks costs up to 2 us
BLOCK_S = 1e-3  # how long such a block lasts, so that the harness is below 0.2 % of it
MAX_CALLS = 2**20  # in one block, whatever a broken clock says

WINDOW = 5  # blocks: steady when the medians of the last two windows agree ...
STEADY = 0.05  # ... within this fraction
MIN_WARMUP_S = 0.1  # a clock frequency takes tens of milliseconds to rise
MAX_WARMUP_BLOCKS = 10_000

LONG_S = 0.1  # a call this long moves far more than the caches hold: it needs no untimed one before

VISIT = 0.25  # of the longest call: so long a visit may last for the sake of more samples ...
MAX_VISIT = 31  # ... of which more than this would help no more

ALIKE = 1.25  # calls whose lengths differ by less spoil the caches for each other alike

CHECK_GROWTH = (
    1.1  # look again when there are 10 % more samples: sorting then costs next to nothing
)
REPORT_EVERY_S = 0.2


T = TypeVar("T")


class Reading(NamedTuple):
    """What one timed block says, in seconds per call; None where there is no such clock. The names
    are those of `records.Samples`. ``throttled`` is why the device was slowed down meanwhile."""

    wall_s: float
    cpu_s: float | None = None
    device_s: float | None = None
    launch_s: float | None = None
    to_device_s: float | None = None
    to_host_s: float | None = None
    throttled: str | None = None

    @property
    def time_s(self) -> float:
        """What counts: the device's own time, or else that of the wall."""
        return self.wall_s if self.device_s is None else self.device_s


CLOCKS = ("wall_s", "cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s")


Step = Callable[[int], Reading]
"""Run the call n times in one timed block and return the time per call. Devices provide these."""


@dataclass(frozen=True)
class Rule:
    """When to stop. ``rel`` is the wanted half width of each median's 95 % interval as a fraction
    of the median. Seconds are per case: ``max_s`` for the timed rounds, ``warmup_s`` before them.
    Raises UsageError for what cannot be met."""

    rel: float = 0.01
    max_s: float = 10.0
    warmup_s: float = 3.0
    min_samples: int = 30  # an interval from fewer can be narrow by luck
    max_samples: int = 100_000  # ends the rounds even if the clock stands still

    def __post_init__(self) -> None:
        for name, hint in _HINTS.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} must be a number above zero, got {value!r}.", hint)
        if not ENOUGH <= self.min_samples <= self.max_samples:
            raise UsageError(
                f"cannot stop between {self.min_samples} and {self.max_samples} samples.",
                f"min_samples is {ENOUGH} or more (an interval needs them), max_samples no less.",
            )


_HINTS = {
    "rel": "0.01 asks for a median known within 1 %.",
    "max_s": "10 gives each case up to ten seconds.",
    "warmup_s": "3 gives each case up to three seconds to warm up.",
}


@dataclass(frozen=True)
class Progress:
    """For a progress line: seconds spent on rounds, seconds still expected (never more than the
    budget has left), rounds done, and the worst case's half width, None before the first look."""

    done_s: float
    left_s: float
    rounds: int
    worst_rel: float | None


Visit = tuple[Reading, ...]  # the samples of one case in one round

Enough = Callable[[float, Callable[[], dict[str, list[float]]]], bool]
"""Given the seconds spent on rounds and a way to get the times by case: is enough known?"""


class _Case(NamedTuple):
    step: Step
    first_call_s: float
    warmup_calls: int
    typical_s: float
    calls_per_sample: int
    samples_per_round: int = 1


def _read(step: Step, calls: int) -> Reading:
    reading = step(calls)
    for clock in CLOCKS:
        time_s = getattr(reading, clock)
        if clock != "cpu_s" and time_s is not None and not (math.isfinite(time_s) and time_s > 0):
            raise ValueError(f"the device's clock gave {time_s!r} s for one call ({clock})")
    if reading.cpu_s is not None and not (math.isfinite(reading.cpu_s) and reading.cpu_s >= 0):
        raise ValueError(f"the thread's CPU clock gave {reading.cpu_s!r} s for one call")
    return reading


def is_steady(times: Sequence[float]) -> bool:
    """Do the medians of the last two windows of 5 blocks agree within 5 %?"""
    if len(times) < 2 * WINDOW:
        return False
    before, last = median(times[-2 * WINDOW : -WINDOW]), median(times[-WINDOW:])
    return abs(last - before) <= STEADY * before


def calls_per_sample(wall_s: float) -> int:
    """How many calls of this length make one timed block: 1 from 50 us on, else what fills 1 ms."""
    return 1 if wall_s >= SHORT_S else math.ceil(min(BLOCK_S / wall_s, MAX_CALLS))


def _warm_up(step: Step, rule: Rule, clock: Callable[[], float]) -> _Case:
    """The first call, then blocks until they are steady and 0.1 s have passed, or the budget is
    spent. The first call (a compilation, perhaps) is not charged; one block is run in any case."""
    first = _read(step, 1)
    began = clock()
    taken: deque[Reading] = deque(maxlen=2 * WINDOW)
    block, calls = 1, 0
    for _ in range(MAX_WARMUP_BLOCKS):
        taken.append(_read(step, block))
        calls += block
        spent = clock() - began
        if spent >= rule.warmup_s or (
            spent >= MIN_WARMUP_S and is_steady([r.time_s for r in taken])
        ):
            break
        if block * taken[-1].wall_s < BLOCK_S:
            block = min(2 * block, MAX_CALLS)
    typical_s = median([r.wall_s for r in taken][-WINDOW:])
    return _Case(step, first.wall_s, calls, typical_s, calls_per_sample(typical_s))


def samples_per_round(case_s: float, longest_s: float) -> int:
    """How many samples a visit takes: one, or an odd number that fits into a quarter of the longest
    case's call. A round then lasts little longer, and the short case is known much better."""
    fit = min(int(VISIT * longest_s / case_s), MAX_VISIT)
    return max(fit - (1 - fit % 2), 1)


def _with_visits(
    cases: Mapping[str, _Case], compared: Mapping[str, str] | None
) -> dict[str, _Case]:
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


def _visit(case: _Case, *, untimed_first: bool) -> Visit:
    if untimed_first and case.typical_s < LONG_S:
        case.step(1)  # fills the caches with this network's own data, not its neighbour's
    return tuple(_read(case.step, case.calls_per_sample) for _ in range(case.samples_per_round))


def _round(
    cases: Mapping[str, _Case],
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
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  SystemExit, and what a network has made of its own
        return RuntimeError(f"{type(error).__name__}: {error}")


def _alike(cases: Mapping[str, _Case]) -> bool:
    """Measured: with networks 1.5 times apart the ratio is 1.5 % off without the untimed call, with
    alike ones it is not, and there are twice as many pairs."""
    lengths = [case.typical_s for case in cases.values()]
    return bool(lengths) and max(lengths) <= ALIKE * min(lengths)


def _awaited(names: Iterable[str], unawaited: Container[str]) -> list[str]:
    """Those that the rounds go on for."""
    every = list(names)
    return [name for name in every if name not in unawaited] or every


def clocks(readings: Sequence[Reading]) -> dict[str, Any]:
    """The times of each clock, as `Samples` has them; none of a clock that missed one."""
    columns = {clock: [getattr(reading, clock) for reading in readings] for clock in CLOCKS}
    return {clock: () if None in times else tuple(times) for clock, times in columns.items()}


def _stop(*, known: bool, interrupted: bool) -> Stop:
    if interrupted:
        return "interrupted"
    return "converged" if known else "max_seconds"


def _samples(case: _Case, readings: Sequence[Reading], stop: Stop, throttled: int) -> Samples:
    return Samples(
        **clocks(readings),
        throttled_rounds=throttled,
        calls_per_sample=case.calls_per_sample,
        samples_per_round=case.samples_per_round,
        first_call_s=case.first_call_s,
        warmup_calls=case.warmup_calls,
        stop=stop,
    )


def _too_hot(throttled: Sequence[str]) -> NotAvailable:
    return NotAvailable(
        f"the device was slowed down ({throttled[0]}) in all {len(throttled)} rounds.",
        "Let it cool, raise its power limit, or measure longer.",
    )


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

    A round in which the device was slowed down is thrown away, and counted in ``throttled_rounds``;
    if they all are, each case has an error that says so.

    Looking at the interval again and again until it is narrow costs little coverage (Chow and
    Robbins, 1965: none in the limit; simulated with this rule, 94 % instead of 95 %), as
    ``rule.min_samples`` keeps the first look from being early.
    """
    outcomes = {name: _attempt(_warm_up, step, rule, clock) for name, step in steps.items()}
    cases = _with_visits({n: c for n, c in outcomes.items() if isinstance(c, _Case)}, compared)
    failed = {name: case for name, case in outcomes.items() if isinstance(case, Exception)}
    rounds: list[dict[str, Visit]] = []  # appended whole: an interrupt never leaves half a round
    throttled: list[str] = []  # why, for each round that was thrown away
    budget_s = rule.max_s * len(cases)
    spoiling = enough is None or not _alike(cases)
    settled = False  # what `enough` said
    due, look, reported = rule.min_samples, None, -math.inf
    interrupted = False

    def widths(alive: Iterable[str]) -> dict[str, float]:
        if compared is None:
            return {name: rounds_half_width(rounds, name) for name in alive}
        return {
            name: ratio_half_width(rounds, name, compared[name])
            for name in alive
            if name in compared
        }

    began = clock()
    try:
        while alive := [name for name in cases if name not in failed]:
            order = rng.sample(alive, len(alive))
            taken = _round(cases, order, failed, untimed_first=spoiling and len(alive) > 1)
            if not taken:
                break
            slowed = [r.throttled for visit in taken.values() for r in visit if r.throttled]
            if slowed:
                throttled.append(slowed[0])
            else:
                rounds.append(taken)
            tried, n, done_s = len(rounds) + len(throttled), len(rounds), clock() - began
            if enough is not None:
                settled = n > 0 and not slowed and enough(done_s, partial(all_times, rounds, taken))
                if settled:
                    break
            elif n >= due and not slowed:
                look = (n, max(widths(_awaited(taken, unawaited)).values(), default=math.inf))
                due = math.ceil(n * CHECK_GROWTH)
                if look[1] <= rule.rel:
                    break
            if report and n and done_s - reported >= REPORT_EVERY_S:
                left_s = seconds_left(done_s, n, budget_s, rule.rel, look)
                report(Progress(done_s, left_s, n, look[1] if look else None))
                reported = done_s
            if tried >= rule.max_samples or done_s * (tried + 1) / tried > budget_s:
                break
    except KeyboardInterrupt:
        if not rounds:
            raise
        interrupted = True

    if throttled and not rounds:
        return {name: failed.get(name) or _too_hot(throttled) for name in steps}
    known = widths(name for name in cases if name not in failed) if rounds else {}

    def stop(name: str) -> Stop:
        width = known.get(name, max(known.values(), default=math.inf))  # a reference: all of them
        narrow = len(rounds) >= rule.min_samples and width <= rule.rel
        return _stop(known=settled if enough else narrow, interrupted=interrupted)

    return {
        name: failed[name]
        if name in failed
        else _samples(
            cases[name], [r for taken in rounds for r in taken[name]], stop(name), len(throttled)
        )
        for name in steps
    }
