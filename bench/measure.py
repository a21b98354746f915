"""Interleaved rounds, estimates with exact intervals, and claims that are judged by them.

What is measured is a topic, a module with

- ``TITLE`` and ``CASES``, the names of what it measures,
- ``readers(case)``: name -> a call that takes one reading; the first is lightbench's own,
- ``claims(case, found)``: what the readings are held against,
- ``table(results)``: case -> readings, as a table for people.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, NamedTuple, TypeVar

from lightbench import units
from lightbench.devices import cpu
from lightbench.stats.median import median, median_interval
from lightbench.stats.ratio import paired_ratio

T = TypeVar("T")
ROUNDS = 9  # the interval is then from the second smallest to the second largest value


class Estimate(NamedTuple):
    """A median and its 95 % interval, None with fewer than six values."""

    value: float
    low: float | None
    high: float | None


def estimate(values: Sequence[float]) -> Estimate:
    """The median of ``values``."""
    low, high = median_interval(values) or (None, None)
    return Estimate(median(values), low, high)


def ratio(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """The median of b / a, round by round."""
    pairs = paired_ratio(a, b)
    return Estimate(pairs.ratio, pairs.low, pairs.high)


def with_interval(text: Callable[[float | None], str]) -> Callable[[Estimate], str]:
    """How an estimate prints when ``text`` prints its numbers: 7.42 (7.10 to 7.90)."""

    def render(e: Estimate) -> str:
        return (
            text(e.value) if e.low is None else f"{text(e.value)} ({text(e.low)} to {text(e.high)})"
        )

    return render


@dataclass(frozen=True)
class Claim:
    """What a quantity should be; only an interval entirely outside the bounds refutes it."""

    says: str
    found: Estimate
    at_least: float = -inf
    at_most: float = inf
    text: Callable[[float | None], str] = units.number

    def __str__(self) -> str:
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        targets = [f"{word} {self.text(bound)}" for word, bound in bounds if isfinite(bound)]
        found = with_interval(self.text)(self.found)
        return f"{self.says}: {found}, should be {' and '.join(targets)}: {self.verdict}"

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, ``unclear`` (a bound is inside the interval) or ``unknown``."""
        low, high = self.found.low, self.found.high
        if low is None or high is None:
            return "unknown"
        if high < self.at_least or low > self.at_most:
            return "missed"
        return "met" if low >= self.at_least and high <= self.at_most else "unclear"


def verdict(claims: Sequence[Claim]) -> str | None:
    """The gravest verdict; None without claims."""
    verdicts = [claim.verdict for claim in claims]
    return next((v for v in ("missed", "unknown", "unclear", "met") if v in verdicts), None)


def clocked(call: Callable[[], Any]) -> Callable[[], float]:
    """A reader of the seconds that one call takes, without garbage collection in between."""
    step = cpu.at().step(call, nullcontext)
    return lambda: step(1).wall_s


@contextmanager
def quiet() -> Iterator[None]:
    """One thread, and no warnings: the peers call much that PyTorch has deprecated."""
    with cpu.at().session(threads=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def interleaved(readers: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """One reading of each in every round, in random order, after a round that is not kept."""
    rng = random.Random(0)
    found: dict[str, list[T]] = {name: [] for name in readers}
    for _ in range(rounds + 1):
        for name in rng.sample(list(readers), len(readers)):
            found[name].append(readers[name]())
    return {name: values[1:] for name, values in found.items()}
