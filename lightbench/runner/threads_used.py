"""How many threads does a program really work in? Linux knows it of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lightbench.engines import Program

CALLS, LONG_S = 20, 0.2
SHARE = 0.05  # of the work: a thread with less only looks whether there is any


def threads_used(program: Program) -> int | None:
    """In some calls, of this process; None where nobody knows."""
    before = dict(_worked_ns())
    until = time.perf_counter() + LONG_S
    with program.context():
        for _ in range(CALLS):
            program.call()
            if time.perf_counter() > until:
                break
    worked = [ns - before.get(thread, 0) for thread, ns in _worked_ns()]
    return sum(ns > SHARE * sum(worked) for ns in worked) or None


def _worked_ns() -> Iterator[tuple[str, int]]:
    for thread in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            yield thread.parent.name, int(thread.read_text().split()[0])
