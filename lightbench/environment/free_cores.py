"""How many cores are free, which is how many threads a measurement takes unless it is told.

It is decided once in a process, before the first measurement, and handed on to the processes that it
starts: with another number of threads times could not be compared, so that two sides, all cases of a
run and what continues a store have one and the same.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from lightbench.environment import contention, machine
from lightbench.environment.machine import Source
from lightbench.records import Environment, Record

HANDED_ON = "LIGHTBENCH_FREE_CORES"  # to child processes: "1 2 1", see `Free`
WINDOW_S = 0.3  # in which a core is used for 0 to 30 ticks of 10 ms
SPARE = 0.25  # of a core: a desktop that does nothing uses as much, and leaves the core free
BESIDE = ("threads", "waiting", "allocator")  # facts that are no property of the machine


@dataclass(frozen=True)
class Free:
    """How many of the ``cores`` that this process may use were free, and how many busy; None where
    it is not known, or where a store has decided."""

    threads: int
    cores: int | None = None
    busy: int | None = None


def look(
    source: Source | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> Free | None:
    """What is free now: cores that this process may use less those that others do, at least one, and
    no more than a container's limit. None where the system does not say what others use."""
    source = source or Source()
    before = contention.read(source, clock=clock)
    sleep(WINDOW_S)
    after = contention.read(source, clock=clock)
    cores = contention.used(before, after)
    seconds = after.clock_s - before.clock_s
    if cores is None or before.own_s is None or after.own_s is None or seconds <= 0:
        return None
    count, busy_s, _ = cores
    others = (busy_s - (after.own_s - before.own_s)) / seconds
    busy = min(max(math.ceil(others - SPARE), 0), count)
    limit = machine.cpu_quota_percent(source)
    threads = count - busy if limit is None else min(count - busy, limit // 100)
    return Free(max(threads, 1), count, busy)


_kept: list[tuple[Free, str]] = []  # at most one: what a store has decided, and that in words


@cache
def _first_look() -> Free | None:
    handed = os.environ.get(HANDED_ON, "").split()
    if handed and all(number.isdecimal() for number in handed):
        numbers = [int(number) for number in handed[:3]]
        return Free(numbers[0], *(numbers[1:] if len(numbers) == 3 else (None, None)))
    return look()


def decided() -> Free | None:
    """What was free before the first measurement of this process, or of the one that has started it;
    or what `keep` said. None where it is not known. The first call takes 0.3 s."""
    return _kept[0][0] if _kept else _first_look()


def threads(most: int) -> int:
    """How many threads to take unless told: as many as cores are free, and not more than ``most``."""
    free = decided()
    return most if free is None else max(min(most, free.threads), 1)


def noted() -> Mapping[str, int | None]:
    """For a record whose threads nobody has asked for: out of how many cores, and how many others
    used; None where a store has decided."""
    free = decided()
    if free is None:
        return {}
    return {"cores_offered": free.cores, "cores_busy": free.busy}


def handed_on() -> dict[str, str]:
    """The environment of a child process that is to take the same number."""
    free = decided()
    if free is None:
        return {}
    known = (free.threads, free.cores, free.busy)
    return {HANDED_ON: " ".join(str(n) for n in known if n is not None)}


def keep(number: int, said: str = "") -> None:
    """From now on it is this number, whatever is free; ``said`` is why, for `kept`."""
    _kept[:] = [(Free(number), said)]


def kept() -> str:
    """Why it is another number than what is free; nothing if it is not."""
    return _kept[0][1] if _kept else ""


def forget() -> None:
    """Decide anew at the next call."""
    _kept.clear()
    _first_look.cache_clear()


def stored(records: Iterable[Record], here: Environment) -> int | None:
    """How many threads the latest of these records had, of those that were timed on this machine with
    this software and did not say how many; None without one."""
    facts = _machine(here)
    found = [
        n
        for r in records
        if r.samples is not None and r.case.threads is None and _machine(r.environment) == facts
        if isinstance(n := r.environment.comparable.get("threads"), int)
    ]
    return found[-1] if found else None


def _machine(environment: Environment) -> dict[str, object]:
    return {k: v for k, v in environment.comparable.items() if k not in BESIDE}
