"""What another engine takes of the time of eager PyTorch, in the rounds in which both were timed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lightbench.records import Record
from lightbench.stats.median import by_round
from lightbench.stats.ratio import Ratio, paired_ratio

EAGER = "eager"


def beside_eager(records: Sequence[Record]) -> list[Ratio | None]:
    """For each record how many times eager's time it takes, of the same network under otherwise the same
    conditions, round by round; None for eager itself, where it was not timed beside it, and where the
    time of either cannot be."""
    eager = {
        (record.run.id, record.case): record
        for record in records
        if record.case.engine == EAGER and record.run
    }

    def ratio(record: Record) -> Ratio | None:
        if record.case.engine == EAGER or record.run is None:
            return None
        case = msgspec.structs.replace(record.case, engine=EAGER)
        other = eager.get((record.run.id, case))
        return _paired(other, record) if other else None

    return [ratio(record) for record in records]


def _paired(eager: Record, record: Record) -> Ratio | None:
    if eager.suspicions or record.suspicions or not (eager.samples and record.samples):
        return None
    a, b = (by_round(s.times_s, s.samples_per_round) for s in (eager.samples, record.samples))
    return paired_ratio(a, b) if len(a) == len(b) else None
