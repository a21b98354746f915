"""Times of different runs, made comparable by what was timed in both. Pure.

Between two runs a machine changes: its clock, what else runs on it, how memory lies. A network that was
timed in both shows how much longer the same thing took. Several of them do not agree to the last percent,
since not everything slows down alike: how far they are apart is what is not known.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from lightbench.records import Latency


class Time(Protocol):
    """A median with its interval, as a latency has it."""

    @property
    def median_s(self) -> float: ...
    @property
    def low_s(self) -> float | None: ...
    @property
    def high_s(self) -> float | None: ...


Key = tuple[Hashable, Hashable]  # a case, and the identity of its network
Times = Mapping[Key, Time]  # of one run, by what was timed


@dataclass(frozen=True)
class Drift:
    """How many times as long the same took in one run as in another: natural logarithms."""

    log: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """How little is known of it."""
        return self.high - self.low

    def then(self, other: Drift) -> Drift:
        """The drift over two steps."""
        return Drift(self.log + other.log, self.low + other.low, self.high + other.high)


NONE = Drift(0.0, 0.0, 0.0)


def drift(there: Times, here: Times) -> Drift | None:
    """From ``here`` to ``there``, by what both have timed with an interval; None without any.

    Its value is the median of theirs. Its bounds hold the intervals of all of them: what drifted
    differently from one network to the next may have drifted so for a third.
    """
    return _of_all([step for _, step in _steps(there, here)])


def _steps(there: Times, here: Times) -> list[tuple[Key, Drift]]:
    found = []
    for key in here.keys() & there.keys():
        a, b = here[key], there[key]
        if a.low_s and a.high_s and b.low_s and b.high_s:
            low, high = math.log(b.low_s / a.high_s), math.log(b.high_s / a.low_s)
            found.append((key, Drift(math.log(b.median_s / a.median_s), low, high)))
    return found


def _of_all(steps: Sequence[Drift]) -> Drift | None:
    if not steps:
        return None
    logs = sorted(step.log for step in steps)
    middle = (logs[(len(logs) - 1) // 2] + logs[len(logs) // 2]) / 2
    return Drift(middle, min(step.low for step in steps), max(step.high for step in steps))


class Links:
    """The runs of one machine, and how they are linked. ``runs``: what was timed in each."""

    def __init__(self, runs: Mapping[str, Times]) -> None:
        self._runs = runs
        self._having: dict[Key, list[str]] = {}
        for run, times in runs.items():
            for key in times:
                self._having.setdefault(key, []).append(run)
        self._known: dict[tuple[str, str], list[tuple[Key, Drift]]] = {}

    def drifts(self, base: str, without: Hashable | None = None) -> dict[str, Drift]:
        """The drift from ``base`` to every run that it is linked with, over as few others as can be; of
        several such ways by the one of which most is known. The case ``without`` links nothing: held
        against itself, no network ever changes."""
        found, latest = {base: NONE}, [base]
        while latest:
            keys = dict.fromkeys(key for run in latest for key in self._runs.get(run, ()))
            having = (run for key in keys for run in self._having[key])
            reached: dict[str, Drift] = {}
            for run in dict.fromkeys(run for run in having if run not in found):
                steps = ((found[start], self._step(start, run, without)) for start in latest)
                ways = [so_far.then(step) for so_far, step in steps if step is not None]
                if ways:
                    reached[run] = min(ways, key=lambda way: way.width)
            found |= reached
            latest = list(reached)
        return found

    def _step(self, start: str, end: str, without: Hashable | None) -> Drift | None:
        if (start, end) not in self._known:
            self._known[start, end] = _steps(self._runs[end], self._runs[start])
        return _of_all([step for key, step in self._known[start, end] if key[0] != without])


def undrifted(latency: Latency, by: Drift) -> Latency:
    """The latency as it would have been in the base; its bounds contain what is not known of the
    drift. The same for no drift."""
    if by == NONE:
        return latency
    middle, most, least = math.exp(by.log), math.exp(by.high), math.exp(by.low)

    def over(seconds: float | None, divisor: float) -> float | None:
        return None if seconds is None else seconds / divisor

    return msgspec.structs.replace(
        latency,
        median_s=latency.median_s / middle,
        low_s=over(latency.low_s, most),
        high_s=over(latency.high_s, least),
        p90_s=over(latency.p90_s, middle),
        p99_s=over(latency.p99_s, middle),
        min_s=latency.min_s / middle,
        cpu_median_s=over(latency.cpu_median_s, middle),
    )
