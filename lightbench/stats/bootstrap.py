"""What a gate would have said on this machine, over and over: one run of pairs, resampled. Pure.

Pairs are cut into blocks of 2.5 s, in which what disturbs the machine for a while stays together;
blocks drawn with replacement are a run of any length (the bootstrap of blocks: Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, section 8.6). Each is judged as a comparison is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from lightbench.stats.median import median, median_interval
from lightbench.stats.ratio import Ratio
from lightbench.stats.verdict import POWER, Verdict, confidence, judge, looks_s

BLOCK_S = 2.5
BUDGETS_S = (5.0, 20.0, 60.0)  # of time spent on both sides, as the seconds of a comparison
RUNS = 1000  # drawn for each budget
FEW = 8  # blocks; from fewer no longer run is made than there was

SLICE_S = 5.0  # how long a run of its own lasts, of two made one after the other
APART = (0.02, 0.05)  # by how much their medians differ

TOLERANCES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)  # to choose from

Looks = Sequence[Ratio]  # what one run knew at each of its looks


@dataclass(frozen=True)
class Odds:
    """What drawn runs of ``seconds`` came to: identical sides in ``alarms`` of ``runs`` called slower
    or faster, and in a share ``same`` the same; the dose found in a share ``found`` (None where it
    is no larger than the tolerance). ``smallest`` is the slowdown (a fraction) found in 95 % of
    runs, ``clear_at`` the least of TOLERANCES at which 95 % of identical sides are called the same;
    None if there is none. ``extrapolated``: longer than what was measured."""

    seconds: float
    runs: int
    alarms: int
    same: float
    unclear: float
    found: float | None
    smallest: float | None
    clear_at: float | None
    extrapolated: bool

    @property
    def alarm_rate(self) -> float:
        """Share of identical sides that were called slower or faster."""
        return self.alarms / self.runs

    @property
    def alarm_bound(self) -> float:
        """Its upper bound, with 95 %, as far as the number of runs goes."""
        return upper_bound(self.alarms, self.runs)


@dataclass(frozen=True)
class TwoRuns:
    """Runs of the same code, one after the other: of so many ``pairs`` of them, the share whose
    medians differ by more than each of APART."""

    slices: int
    pairs: int
    apart: tuple[float, ...]


def cut(spent_s: Sequence[float], seconds: float) -> list[range]:
    """Which rounds make blocks that last so long, given the seconds of each round, in time order; the
    rest at the end is left out."""
    blocks, start, spent = [], 0, 0.0
    for i, time_s in enumerate(spent_s, 1):
        spent += time_s
        if spent >= seconds:
            blocks.append(range(start, i))
            start, spent = i, 0.0
    return blocks


def blocks_of(
    a: Sequence[float], b: Sequence[float], spent_s: Sequence[float]
) -> list[list[float]]:
    """The log ratios of b over a in blocks, each in ascending order, which is what makes sorting a
    run of them fast."""
    return [
        sorted(math.log(b[i]) - math.log(a[i]) for i in block) for block in cut(spent_s, BLOCK_S)
    ]


def draw(blocks: Sequence[Sequence[float]], seconds: float, rng: random.Random) -> Iterator[Ratio]:
    """One run of so many seconds: what it knows at each of its looks."""
    looks = looks_s(seconds)
    level = confidence(len(looks))
    ordered: list[float] = []
    drawn = 0
    for look in looks:
        due = round(look / BLOCK_S)
        for block in rng.choices(blocks, k=due - drawn):
            ordered += block
        drawn = due
        ordered.sort()
        low, high = median_interval(ordered, level) or (None, None)
        yield Ratio(ordered[len(ordered) // 2], low, high, len(ordered))


def verdict_of(looks: Looks, tolerance: float) -> Verdict:
    """The first clear verdict, which ends a comparison; else unclear."""
    said = (judge(ratio, tolerance) for ratio in looks)
    return next((verdict for verdict in said if verdict != "unclear"), "unclear")


def mirrored(looks: Looks) -> list[Ratio]:
    """The same run with its sides exchanged."""
    return [ratio.inverse for ratio in looks]


def least_found(looks: Looks, tolerance: float) -> float:
    """By how much side b of this run would have to be slower, as a logarithm, for it and every larger
    slowdown to be called slower; inf if none would.

    A slowdown of s adds s to every pair, and so to both bounds at every look. A look says slower if
    s > limit - low, and ends the run before a later look if the interval is inside +-limit or below
    it, both of which end at a known s too: so there is nothing to search for.
    """
    limit = math.log1p(tolerance)
    # slower at some look from here on; ended before up to here
    reached, missed = math.inf, -math.inf
    for ratio in looks:
        if ratio.log_low is None or ratio.log_high is None:
            continue
        faster_to, same_to = -limit - ratio.log_high, limit - ratio.log_high
        same_from = -limit - ratio.log_low
        missed = max(missed, min(faster_to, reached))
        if same_from <= min(same_to, reached):
            missed = max(missed, min(same_to, reached))
        reached = min(reached, limit - ratio.log_low)
    return max(reached, missed)


def odds(
    alike: Sequence[Sequence[float]],
    dosed: Sequence[Sequence[float]],
    dose: float,
    tolerance: float,
    rng: random.Random,
    *,
    runs: int = RUNS,
) -> tuple[Odds | None, ...]:
    """For each of BUDGETS_S what gates say of blocks of identical sides, and of a known ``dose`` (a
    fraction); None where too little was measured for a run of that length."""
    return tuple(
        _odds(alike, dosed, dose, seconds, tolerance, rng, runs)
        if seconds <= BLOCK_S * len(alike) or len(alike) >= FEW
        else None
        for seconds in BUDGETS_S
    )


def _odds(
    alike: Sequence[Sequence[float]],
    dosed: Sequence[Sequence[float]],
    dose: float,
    seconds: float,
    tolerance: float,
    rng: random.Random,
    runs: int,
) -> Odds:
    drawn = [list(draw(alike, seconds, rng)) for _ in range(runs)]
    said = [verdict_of(run, tolerance) for run in drawn]
    found = None
    if dosed and dose > tolerance:
        found = [verdict_of(list(draw(dosed, seconds, rng)), tolerance) for _ in range(runs)]
    # Which copy is called b is chance: both directions count.
    least = [least_found(run, tolerance) for run in (*drawn, *map(mirrored, drawn))]
    return Odds(
        seconds=seconds,
        runs=runs,
        alarms=said.count("slower") + said.count("faster"),
        same=said.count("same") / runs,
        unclear=said.count("unclear") / runs,
        found=None if found is None else found.count("slower") / runs,
        smallest=_smallest(least),
        clear_at=next((t for t in TOLERANCES if _same(drawn, t) >= POWER), None),
        extrapolated=seconds > BLOCK_S * len(alike),
    )


def _smallest(least: Sequence[float]) -> float | None:
    shift = sorted(least)[math.ceil(POWER * len(least)) - 1]
    return None if math.isinf(shift) else math.expm1(shift)


def _same(drawn: Sequence[Looks], tolerance: float) -> float:
    return sum(verdict_of(run, tolerance) == "same" for run in drawn) / len(drawn)


def upper_bound(hits: int, runs: int, error: float = 0.05) -> float:
    """The largest probability for which so few hits are no rarer than ``error``: the exact one-sided
    bound of Clopper and Pearson (1934). None of 1000 is at most 0.3 %, the rule of three."""
    low, high = hits / runs, 1.0
    while low < (middle := (low + high) / 2) < high:
        if _at_most(hits, runs, middle) > error:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, runs: int, p: float) -> float:
    """P(B <= hits) for B ~ binomial(runs, p), where p is neither 0 nor 1."""
    whole = math.lgamma(runs + 1)
    return sum(
        math.exp(
            whole
            - math.lgamma(k + 1)
            - math.lgamma(runs - k + 1)
            + k * math.log(p)
            + (runs - k) * math.log1p(-p)
        )
        for k in range(hits + 1)
    )


def two_runs(times_s: Sequence[float], spent_s: Sequence[float]) -> TwoRuns | None:
    """What the usual gate makes of the same code: slices of 5 s as runs of their own, the median of
    each against that of every other. None with fewer than two slices."""
    slices = [median(times_s[i] for i in block) for block in cut(spent_s, SLICE_S)]
    logs = [abs(math.log(y) - math.log(x)) for x, y in combinations(slices, 2)]
    if not logs:
        return None
    apart = tuple(sum(log > math.log1p(limit) for log in logs) / len(logs) for limit in APART)
    return TwoRuns(len(slices), len(logs), apart)
