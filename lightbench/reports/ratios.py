"""How many times the time of one profile another takes, as surely as their records can tell."""

from __future__ import annotations

import math

from lightbench.records import Latency, Record
from lightbench.records.collection import Evidence, run_of
from lightbench.stats.median import by_round
from lightbench.stats.ratio import Ratio, paired_ratio


def ratio_between(evidence: Evidence, a: Record, b: Record) -> Ratio | None:
    """Profile ``b`` over profile ``a``, of any engines: round by round where one run has timed both; or else of
    their latencies in the run that the records of both are placed in. None where nothing links them, and
    where either is not believed."""
    if not (a.believed and b.believed):
        return None
    if found := by_rounds(evidence, a, b):
        return found
    other = evidence.beside(a, b)
    if other and (found := _paired(a, other)):
        return found
    there, here = evidence.comparable(a), evidence.comparable(b)
    if there is None or here is None or run_of(there) != run_of(here):
        return None
    assert there.latency is not None
    assert here.latency is not None
    return by_latency(there.latency, here.latency)


def by_rounds(evidence: Evidence, a: Record, b: Record) -> Ratio | None:
    """``b`` over ``a`` in the rounds of ``b``, if there are enough of both for an interval."""
    other = evidence.beside(b, a)
    return _paired(other, b) if other else None


def _paired(a: Record, b: Record) -> Ratio | None:
    if a.samples is None or b.samples is None:
        return None
    xs, ys = (by_round(s.times_s, s.samples_per_round) for s in (a.samples, b.samples))
    n = min(len(xs), len(ys))
    ratio = paired_ratio(xs[:n], ys[:n])
    return ratio if ratio.log_low is not None else None


def by_latency(a: Latency, b: Latency) -> Ratio:
    """``b`` over ``a`` with bounds from both intervals, which hold with 90 % or more; of no pairs."""
    low = high = None
    if a.low_s and a.high_s and b.low_s and b.high_s:
        low, high = math.log(b.low_s / a.high_s), math.log(b.high_s / a.low_s)
    return Ratio(math.log(b.median_s / a.median_s), low, high, 0)
