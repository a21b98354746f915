"""What was timed, and the latency that it shows."""

from __future__ import annotations

from typing import Literal

from lightbench.records.noun import Noun
from lightbench.stats.median import median

LAUNCH_BOUND = 0.9
Stop = Literal["converged", "max_seconds", "interrupted"]
SHORTEST_S, LONGEST_S = 1e-12, 1e9  # what no call takes: a picosecond, thirty years


def _check_times(times: tuple[float, ...], what: str, *, zero: bool = False) -> None:
    for time in times:
        least = 0 if zero else SHORTEST_S
        if isinstance(time, bool) or not least <= time <= LONGEST_S:  # NaN is not, either
            raise ValueError(
                f"{what} must be finite and above zero, as a call may take, got {time!r}"
            )


class Samples(Noun, frozen=True, kw_only=True):
    """Raw times of one case, in seconds per call, in the order they were taken: sample i of every
    case of one run belongs to the same round.

    An accelerator has three times of the same call: ``launch_s`` until it returned to the host,
    ``device_s`` between two events on the device, and ``wall_s`` to the end of synchronisation.
    """

    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...] = ()  # CPU time of the calling thread, where there is such a clock
    device_s: tuple[float, ...] = ()  # empty where the device has no events
    launch_s: tuple[float, ...] = ()
    to_device_s: tuple[float, ...] = ()  # the inputs, with the option "h2d"
    to_host_s: tuple[float, ...] = ()  # the outputs
    throttled_rounds: int = 0  # thrown away: the device was slowed down meanwhile
    calls_per_sample: int = 1
    samples_per_round: int = 1
    first_call_s: float
    warmup_calls: int
    stop: Stop

    def __post_init__(self) -> None:
        _check_times(self.wall_s, "wall_s")
        _check_times(self.cpu_s, "cpu_s", zero=True)  # the thread clock may tick too coarsely
        _check_times((self.first_call_s,), "first_call_s")
        for name in ("cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s"):
            times = getattr(self, name)
            if times and len(times) != len(self.wall_s):
                raise ValueError(f"wall_s and {name} must have the same length")
            if name != "cpu_s":
                _check_times(times, name)
        if self.samples_per_round < 1 or len(self.wall_s) % self.samples_per_round:
            raise ValueError("samples come in whole rounds")
        if self.throttled_rounds < 0:
            raise ValueError("throttled_rounds is a count")

    @property
    def times_s(self) -> tuple[float, ...]:
        """What counts as the time of a call: the device's own where it has one, or else the wall's."""
        return self.device_s or self.wall_s


def launch_bound(samples: Samples) -> bool:
    """Did the host need more than 90 % of a call's time to launch it, so that the device waited?
    False where that is not known."""
    if not samples.launch_s:
        return False
    return median(samples.launch_s) > LAUNCH_BOUND * median(samples.wall_s)


class Latency(Noun, frozen=True, kw_only=True):
    """Summary of samples: seconds per call at the case's batch.

    ``median_s`` is the median over rounds of the median call of a round. ``low_s`` and ``high_s`` bound the median with 95 % confidence (order statistics); None with too
    few samples. ``p90_s`` needs 10 samples, ``p99_s`` 100; None below.
    """

    median_s: float
    low_s: float | None
    high_s: float | None
    p90_s: float | None
    p99_s: float | None
    min_s: float
    n: int
    cpu_median_s: float | None = None

    def __post_init__(self) -> None:
        known = [t for t in (self.low_s, self.high_s, self.p90_s, self.p99_s) if t is not None]
        _check_times((self.median_s, self.min_s, *known), "latency")
        if self.n < 1 or self.min_s > self.median_s:
            raise ValueError("a latency needs samples, and a median that is not below its minimum")

    @property
    def rel(self) -> float | None:
        """Half width of the interval as a fraction of the median: 0.01 is within 1 %."""
        if self.low_s is None or self.high_s is None:
            return None
        return (self.high_s - self.low_s) / 2 / self.median_s
