"""What pairs of fresh processes say of two sides: from their records to a comparison. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from lightbench.environment import capture
from lightbench.records import Record, Samples
from lightbench.stats.median import quantile
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.stats.restarts import restart_ratio
from lightbench.stats.verdict import detectable, judge
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.pairs import contention
from lightbench.timing.clock import CLOCKS
from lightbench.timing.summary import CPU_SHARE, summarize

Pair = tuple[Record, Record]


def timed(pair: Pair) -> bool:
    """Have both sides been timed?"""
    return all(side.samples is not None for side in pair)


def judged_restarts(
    pairs: Sequence[Pair],
    names: tuple[str, str],
    tolerance: float,
    level: float,
    *,
    looks: int = 1,
    seconds: float = 0.0,
) -> Comparison:
    """The comparison that pairs of records of fresh processes make: each of them is one value, the
    median log ratio of its rounds. Without samples in the last pair, or with a suspect time in any,
    "not comparable"."""
    shared: dict[str, Any] = {
        "names": names,
        "tolerance": tolerance,
        "confidence": level,
        "looks": looks,
        "seconds": seconds,
        "restarts": len(pairs),
    }
    odd = next((pair for pair in pairs if any(side.suspicions for side in pair)), None)
    if odd or not timed(pairs[-1]):
        a, b = odd or pairs[-1]
        return Comparison(a=a, b=b, ratio=None, verdict="not comparable", **shared)
    wall = _over_restarts(pairs, "times_s", level)
    assert wall is not None  # these times are above zero
    cpu = _over_restarts(pairs, "cpu_s", level)
    alone = cpu is not None and all(map(_on_one_thread, (side for pair in pairs for side in pair)))
    ratio = cpu if alone and cpu is not None else wall
    verdict = judge(ratio, tolerance)
    a, b = (_together(side, known=verdict != "unclear") for side in zip(*pairs, strict=True))
    on_device = a.samples is not None and a.samples.device_s
    return Comparison(
        a=a,
        b=b,
        ratio=ratio,
        cpu_ratio=cpu,
        clock="cpu" if alone else "device" if on_device else "wall",
        verdict=verdict,
        detectable=detectable(ratio, tolerance, level),
        warnings=contention(wall, cpu, a, b),
        **shared,
    )


def _over_restarts(pairs: Sequence[Pair], clock: str, level: float) -> Ratio | None:
    """None where this clock was missing, or too coarse for these calls."""
    ratios = []
    for pair in pairs:
        a, b = (getattr(side.samples, clock) for side in pair)
        if not (a and b) or min(*a, *b) <= 0:
            return None
        ratios.append(paired_ratio(a, b, level))
    errors = [
        (ratio.log_high - ratio.log_low) / 2
        for ratio in ratios
        if ratio.log_low is not None and ratio.log_high is not None
    ]
    if len(errors) < len(ratios):
        errors = []  # too few rounds for intervals: only how restarts differ is known
    return restart_ratio([ratio.log for ratio in ratios], level, errors)


def _on_one_thread(record: Record) -> bool:
    """Is all of a call on the CPU clock of its one thread? Not if even the least disturbed calls
    spend their time elsewhere: then it waits for something, which is part of its time."""
    samples = record.samples
    if record.case.device != "cpu" or record.environment.comparable.get("threads") != 1:
        return False
    if samples is None or not samples.cpu_s:
        return False
    shares = (cpu / wall for cpu, wall in zip(samples.cpu_s, samples.wall_s, strict=True))
    return quantile(shares, 0.9) >= CPU_SHARE


def _together(records: Sequence[Record], *, known: bool) -> Record:
    """One record of all restarts of a side: their samples one after the other."""
    all_samples = [record.samples for record in records if record.samples is not None]
    first = all_samples[0]
    columns: dict[str, Any] = {
        clock: tuple(time_s for samples in all_samples for time_s in getattr(samples, clock))
        for clock in CLOCKS
        if all(getattr(samples, clock) for samples in all_samples)
    }
    samples = Samples(
        **columns,
        throttled_rounds=sum(each.throttled_rounds for each in all_samples),
        calls_per_sample=first.calls_per_sample,
        first_call_s=first.first_call_s,
        warmup_calls=sum(each.warmup_calls for each in all_samples),
        stop="converged" if known else "max_seconds",
    )
    later = (  # what is said of the machine is said once: its load has another number each time
        said
        for record in records[1:]
        for said in record.warnings
        if said not in capture.warnings(record.environment)
    )
    warnings = tuple(dict.fromkeys((*records[0].warnings, *later)))
    return msgspec.structs.replace(
        records[0], samples=samples, latency=summarize(samples), warnings=warnings
    )
