"""Rounds of a run that was interrupted, taken from its samples: to go on from where it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from lightbench.records import Samples
from lightbench.timing.clock import CLOCKS, Reading, Visit

K = TypeVar("K")


def whole(begun: Mapping[K, Samples], names: Collection[K]) -> dict[K, Samples]:
    """Of these cases, if there is something of each, of as many rounds: else they were not timed side by
    side, and there is nothing to go on from."""
    found = {name: begun[name] for name in names if name in begun}
    return found if len(found) == len(names) and len(set(map(rounds, found.values()))) == 1 else {}


def rounds(samples: Samples) -> int:
    """How many it has."""
    return len(samples.wall_s) // samples.samples_per_round


def rounds_of(begun: Mapping[str, Samples]) -> list[dict[str, Visit]]:
    """What was timed in each round, by case."""
    visits = {name: _visits(samples) for name, samples in begun.items()}
    return [dict(zip(visits, taken, strict=True)) for taken in zip(*visits.values(), strict=True)]


def spent_s(begun: Mapping[str, Samples]) -> float:
    """About how long these rounds took: the time in calls."""
    return sum(sum(one.wall_s) * one.calls_per_sample for one in begun.values())


def _visits(samples: Samples) -> list[Visit]:
    there = {clock: times for clock in CLOCKS if (times := getattr(samples, clock))}
    readings = [
        Reading(**dict(zip(there, row, strict=True))) for row in zip(*there.values(), strict=True)
    ]
    each = samples.samples_per_round
    return [tuple(readings[i : i + each]) for i in range(0, len(readings), each)]
