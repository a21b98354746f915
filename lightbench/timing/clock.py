"""What a clock says of one timed block, and the step that is timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Reading(NamedTuple):
    """What one timed block says, in seconds per call; None where there is no such clock. The names
    are those of `records.Samples`. ``throttled`` is why the device was slowed down meanwhile."""

    wall_s: float
    cpu_s: float | None = None
    device_s: float | None = None
    launch_s: float | None = None
    to_device_s: float | None = None
    to_host_s: float | None = None
    throttled: str | None = None

    @property
    def time_s(self) -> float:
        """What counts: the device's own time, or else that of the wall."""
        return self.wall_s if self.device_s is None else self.device_s


CLOCKS = ("wall_s", "cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s")


Step = Callable[[int], Reading]
"""Run the call n times in one timed block and return the time per call. Devices provide these."""


Visit = tuple[Reading, ...]  # the samples of one case in one round


def read(step: Step, calls: int) -> Reading:
    reading = step(calls)
    for clock in CLOCKS:
        time_s = getattr(reading, clock)
        if clock != "cpu_s" and time_s is not None and not (math.isfinite(time_s) and time_s > 0):
            raise ValueError(f"the device's clock gave {time_s!r} s for one call ({clock})")
    if reading.cpu_s is not None and not (math.isfinite(reading.cpu_s) and reading.cpu_s >= 0):
        raise ValueError(f"the thread's CPU clock gave {reading.cpu_s!r} s for one call")
    return reading


def clocks(readings: Sequence[Reading]) -> dict[str, Any]:
    """The times of each clock, as `Samples` has them; none of a clock that missed one."""
    columns = {clock: [getattr(reading, clock) for reading in readings] for clock in CLOCKS}
    return {clock: () if None in times else tuple(times) for clock, times in columns.items()}
