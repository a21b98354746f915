"""When enough was timed: a rule in numbers, what must be known for it, and the time that it may take. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lightbench.errors import UsageError
from lightbench.stats.median import ENOUGH, half_width, median
from lightbench.stats.ratio import paired_ratio
from lightbench.timing.clock import Visit

CHECK_GROWTH = 1.1  # look again at 10 % more samples: sorting then costs next to nothing
REPORT_EVERY_S = 0.2

Rounds = Sequence[Mapping[str, Visit]]
"""What was timed in each round, by case."""

Enough = Callable[[float, Callable[[], dict[str, list[float]]]], bool]
"""Given the seconds spent on rounds and a way to get the times by case: is enough known?"""


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
class Budget:
    """The seconds that all rounds together may take, and how many there may be."""

    seconds: float
    most: int = Rule.max_samples

    def fits_another(self, done_s: float, tried: int) -> bool:
        """Would one more round, as long as those so far, still fit?"""
        return tried < self.most and done_s * (tried + 1) / tried <= self.seconds

    def left_s(self, done_s: float) -> float:
        """What is not spent yet."""
        return max(self.seconds - done_s, 0.0)


@dataclass(frozen=True)
class Progress:
    """For a progress line: seconds spent on rounds, seconds still expected (never more than the
    budget has left), rounds done, and the worst case's half width, None before the first look."""

    done_s: float
    left_s: float
    rounds: int
    worst_rel: float | None


class Criterion(Protocol):
    """What ends the rounds before the budget does. It is asked after each round that counts."""

    def ask(self, rounds: Rounds, done_s: float) -> bool:
        """Is enough known?"""
        ...

    def progress(self, rounds: Rounds, done_s: float, budget: Budget) -> Progress:
        """How far it is."""
        ...

    def known(self, rounds: Rounds, cases: Iterable[str]) -> Callable[[str], bool]:
        """At the end: is this case known well enough?"""
        ...


class Known:
    """Every median, or every ratio, is known within ``rule.rel``. ``width`` gives the half width of a
    case, None for one that has none of its own; ``unawaited`` cases are not waited for, unless there
    are no others.

    Looking at the interval again and again until it is narrow costs little coverage (Chow and
    Robbins, 1965: none in the limit; simulated with this rule, 94 % instead of 95 %), as
    ``rule.min_samples`` keeps the first look from being early.
    """

    def __init__(
        self,
        rule: Rule,
        width: Callable[[Rounds, str], float | None],
        unawaited: Container[str] = (),
    ) -> None:
        self._rule, self._width, self._unawaited = rule, width, unawaited
        self._due = rule.min_samples
        self._look: tuple[int, float] | None = None  # rounds there were, and the worst half width

    def ask(self, rounds: Rounds, done_s: float) -> bool:
        """Only looks when there are 10 % more rounds than at the last look."""
        del done_s
        n = len(rounds)
        if n < self._due:
            return False
        self._due = math.ceil(n * CHECK_GROWTH)
        timed = list(rounds[-1])
        awaited = [name for name in timed if name not in self._unawaited] or timed
        worst = max(self._widths(rounds, awaited).values(), default=math.inf)
        self._look = n, worst
        return worst <= self._rule.rel

    def progress(self, rounds: Rounds, done_s: float, budget: Budget) -> Progress:
        """Seconds left until convergence: the half width shrinks as 1/sqrt(rounds) (David and Nagaraja,
        Order Statistics, 3rd ed., section 10.2)."""
        left_s, n = budget.left_s(done_s), len(rounds)
        if self._look is None:
            return Progress(done_s, left_s, n, None)
        rounds_then, worst = self._look
        missing = rounds_then * (worst / self._rule.rel) * (worst / self._rule.rel) - n
        return Progress(done_s, min(left_s, max(missing, 0.0) * done_s / n), n, worst)

    def known(self, rounds: Rounds, cases: Iterable[str]) -> Callable[[str], bool]:
        """A case without a width of its own, a reference, is known if all others are."""
        widths = self._widths(rounds, cases) if rounds else {}
        worst = max(widths.values(), default=math.inf)
        many = len(rounds) >= self._rule.min_samples
        return lambda name: many and widths.get(name, worst) <= self._rule.rel

    def _widths(self, rounds: Rounds, cases: Iterable[str]) -> dict[str, float]:
        found = {name: self._width(rounds, name) for name in cases}
        return {name: width for name, width in found.items() if width is not None}


def known_medians(rule: Rule, unawaited: Container[str] = ()) -> Known:
    """Every case's median."""

    def width(rounds: Rounds, name: str) -> float:
        known = half_width(times(rounds, name))
        return math.inf if known is None else known

    return Known(rule, width, unawaited)


def known_ratios(rule: Rule, compared: Mapping[str, str], unawaited: Container[str] = ()) -> Known:
    """Every ratio of a case to its reference: half the interval of the logarithm, which for small ones
    is the same as a fraction of the ratio."""

    def width(rounds: Rounds, name: str) -> float | None:
        if name not in compared:
            return None
        if compared[name] not in rounds[-1]:
            return math.inf
        ratio = paired_ratio(times(rounds, compared[name]), times(rounds, name))
        if ratio.log_low is None or ratio.log_high is None:
            return math.inf
        return (ratio.log_high - ratio.log_low) / 2

    return Known(rule, width, unawaited)


class Looks:
    """Whoever handed ``enough`` in decides, at the times that he has planned."""

    def __init__(self, enough: Enough) -> None:
        self._enough = enough
        self._settled = False

    def ask(self, rounds: Rounds, done_s: float) -> bool:
        """Once settled, it ends."""
        every = tuple(rounds[-1])
        self._settled = self._enough(done_s, lambda: {name: times(rounds, name) for name in every})
        return self._settled

    def progress(self, rounds: Rounds, done_s: float, budget: Budget) -> Progress:
        """It may take all of the budget."""
        return Progress(done_s, budget.left_s(done_s), len(rounds), None)

    def known(self, rounds: Rounds, cases: Iterable[str]) -> Callable[[str], bool]:
        """All cases, or none."""
        del rounds, cases
        return lambda _name: self._settled


def times(rounds: Rounds, name: str) -> list[float]:
    """The times of one case, in seconds: the median of its visit in each round."""
    return [median(reading.time_s for reading in taken[name]) for taken in rounds]
