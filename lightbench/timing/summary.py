"""Samples of time -> the latency that they show, and whether others disturbed them."""

from __future__ import annotations

import math

from lightbench.records import Latency, Samples
from lightbench.stats.median import ENOUGH, by_round, median, median_interval, quantile

# Share of its wall time that a call running alone on one thread spends on the CPU. Measured on a
# quiet machine it is above 0.99; time slices taken away by other programs show long before 0.95.
CPU_SHARE = 0.95
CALM_FRACTION = 0.25  # the fastest quarter of the samples is what the machine does undisturbed


def summarize(samples: Samples) -> Latency:
    """The latency that samples show, in seconds per call: the median over rounds with its 95 %
    interval; of all calls the minimum, the 90th percentile from 10 samples on and the 99th from 100
    on. Raises ValueError without samples."""
    times = samples.times_s
    rounds = by_round(times, samples.samples_per_round)
    low, high = median_interval(rounds) or (None, None)
    return Latency(
        median_s=median(rounds),
        low_s=low,
        high_s=high,
        p90_s=quantile(times, 0.90) if len(times) >= 10 else None,
        p99_s=quantile(times, 0.99) if len(times) >= 100 else None,
        min_s=min(times),
        n=len(times),
        cpu_median_s=median(samples.cpu_s) if samples.cpu_s else None,
    )


def contended(samples: Samples, threads: int | None) -> bool:
    """Did other programs take the CPU away while these samples were taken on it?

    With one thread a call that runs undisturbed is on the CPU all the time: contended if the median
    share is below 0.95. With several (or unknown: None) the calling thread may rightly wait for the
    others, so the share is held against that of the fastest quarter of the samples: contended if
    usual samples wait more than the calm ones did. False where it cannot be known: without a
    thread clock, with one too coarse for these calls (it reads 0), or with fewer than 6 samples.
    """
    if len(samples.cpu_s) < ENOUGH or min(samples.cpu_s) == 0:
        return False
    by_wall = sorted(zip(samples.wall_s, samples.cpu_s, strict=True))
    shares = [cpu / wall for wall, cpu in by_wall]
    calm = 1.0 if threads == 1 else median(shares[: math.ceil(len(shares) * CALM_FRACTION)])
    return median(shares) < CPU_SHARE * calm
