"""Records of one network that scales as told."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.records import Samples
from lightbench.timing.summary import summarize

DRIFT = (1.0, 1.5, 0.8, 1.2, 2.0, 0.7)  # of the whole machine, round by round


@pytest.fixture
def scaled(make_record):
    """``scaled({1: 0.010, 2: 0.015})``: batch -> seconds, in the rounds of one run; or all its times; None
    for one that is out of memory. ``by`` is another field of the case."""

    def records(times, *, by="batch", run="one", rounds=12, **case):
        def one(size, seconds):
            own = {by: size, "run": run, **case}
            if seconds is None:
                return make_record(failure="out of memory.", **own)
            if isinstance(seconds, float):
                seconds = [seconds * DRIFT[i % 6] for i in range(rounds)]
            samples = Samples(
                wall_s=tuple(seconds), first_call_s=1.0, warmup_calls=1, stop="converged"
            )
            made = make_record(**own)
            return msgspec.structs.replace(made, samples=samples, latency=summarize(samples))

        return [one(size, seconds) for size, seconds in times.items()]

    return records
