"""What a device says of itself while it is measured: clock, temperature, power, who else uses it.

Readers are in `_nvml` and `_npu_smi`; here is the thread that asks them, and the rules that judge
what they say, which know no thread.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, median
from threading import Event, Thread
from typing import Self

from lightbench.units import percent

BUSY_ABOVE = 0.1  # of the compute cores; a desktop alone keeps a GPU 1 to 5 % busy
MIN_POWER_SAMPLES = 10
PATIENCE_S = 2.0  # for a last reading to end: a driver that hangs does not hold up the measurement


@dataclass(frozen=True)
class Health:
    """What a device says of itself at one moment; None where it does not tell.

    Raises ValueError for what no device can be: below zero (but for the temperature), not finite,
    more than wholly used.
    """

    at_s: float  # time.perf_counter()
    clock_mhz: float | None = None
    max_clock_mhz: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    utilization: float | None = None  # 0 to 1, of the compute cores
    memory_used_bytes: int | None = None
    throttled: str | None = None  # why it is slowed down; None: it is not, or does not tell

    def __post_init__(self) -> None:
        for name, value in ((field.name, getattr(self, field.name)) for field in fields(self)):
            if value is None or isinstance(value, str):
                continue
            lowest = -math.inf if name in ("at_s", "temperature_c") else 0.0
            highest = 1.0 if name == "utilization" else math.inf
            if not (math.isfinite(value) and lowest <= value <= highest):
                raise ValueError(f"a device cannot have a {name} of {value}")


Read = Callable[[], Health]
Wait = Callable[[float], bool]  # seconds -> is it over? as threading.Event.wait


class Watch:
    """While it is open, a thread reads every ``every_s`` seconds and keeps what it is told.

    The first reading is taken before the block begins, so that there is one from before any
    measurement. A reader that raises is not asked again, and the measurement goes on. ``wait`` is
    for tests: what the thread does between two readings.
    """

    def __init__(self, read: Read, *, every_s: float, wait: Wait | None = None) -> None:
        self.readings: list[Health] = []
        self._over = Event()
        wait = wait or self._over.wait
        self._thread = Thread(
            target=_keep_reading,
            args=(self._take, wait, every_s),
            name="lightbench-health",
            daemon=True,
        )
        self._read = read

    def _take(self) -> bool:
        """Reads once; False when there is no use in reading again."""
        try:
            reading = self._read()
        except Exception:  # noqa: BLE001  drivers fail in ways of their own; the measurement goes on
            return False
        if self._over.is_set():  # it came too late: nobody's list changes after the block
            return False
        self.readings.append(reading)
        return True

    def __enter__(self) -> Self:
        if self._take():
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_S)

    def throttled(self, start_s: float, end_s: float) -> str | None:
        """Why the device was slowed down from ``start_s`` to ``end_s``; None: not that it said."""
        readings = tuple(self.readings)
        first = bisect_left(readings, start_s, key=lambda reading: reading.at_s)
        return throttled(readings[max(first - 1, 0) :], start_s, end_s)


def _keep_reading(take: Callable[[], bool], wait: Wait, every_s: float) -> None:
    while not wait(every_s) and take():
        pass


def throttled(readings: Sequence[Health], start_s: float, end_s: float) -> str | None:
    """All that slowed the device down between two moments: by the last reading before them, which
    says how it began, and all from there to the end. None: nothing that it told."""
    before = [reading for reading in readings if reading.at_s < start_s]
    during = [reading for reading in readings if start_s <= reading.at_s <= end_s]
    reasons = [reading.throttled for reading in (*before[-1:], *during) if reading.throttled]
    return ", ".join(dict.fromkeys(reasons)) or None


def busy(health: Health) -> str | None:
    """Before anything of ours runs: is another program using the device, and what to do about it.
    From 10 % of its time on: the screen of a desktop takes less."""
    if health.utilization is None or health.utilization <= BUSY_ABOVE:
        return None
    return (
        f"Another program keeps the device {percent(health.utilization)} busy: stop it, or measure "
        "on another device."
    )


def concerns(health: Health) -> tuple[str, ...]:
    """What about the device spoils times before anything of ours runs: one sentence each, with what
    to do about it. A low clock is none: at rest every device lowers it."""
    found = [busy(health)]
    if health.throttled is not None:
        found.append(
            f"The device is slowed down ({health.throttled}): let it cool, or raise its limits, and "
            "try again."
        )
    return tuple(sentence for sentence in found if sentence is not None)


def energy_j(readings: Sequence[Health], start_s: float, end_s: float) -> float | None:
    """Joules from ``start_s`` to ``end_s``: mean power times time.

    None with fewer than 10 readings of power in between. Sensors give a mean over 0.1 to 1 s, and
    power takes as long to follow the load: a few readings may all be of what ran before.
    """
    powers = [
        reading.power_w
        for reading in readings
        if reading.power_w is not None and start_s <= reading.at_s <= end_s
    ]
    if len(powers) < MIN_POWER_SAMPLES:
        return None
    return fmean(powers) * (end_s - start_s)


def summary(readings: Sequence[Health]) -> dict[str, float | int | str | None]:
    """What a record notes of all readings; None where none of them told."""
    clocks = [r.clock_mhz for r in readings if r.clock_mhz is not None]
    temperatures = [r.temperature_c for r in readings if r.temperature_c is not None]
    powers = [r.power_w for r in readings if r.power_w is not None]
    return {
        "clock_mhz_median": median(clocks) if clocks else None,
        "clock_mhz_min": min(clocks, default=None),
        "temperature_c_max": max(temperatures, default=None),
        "power_w_mean": fmean(powers) if powers else None,
        "power_samples": len(powers),
        "throttled_readings": sum(r.throttled is not None for r in readings) if readings else None,
    }
