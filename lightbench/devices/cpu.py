"""The processor, timed by the wall clock and by the CPU clock of the calling thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.autograd import profiler

from lightbench.devices.support import denormals, rapl
from lightbench.devices.support.base import Call, Context, Device
from lightbench.environment import free_cores, machine
from lightbench.errors import UsageError
from lightbench.process import streams
from lightbench.records.case import ENERGY
from lightbench.timing.clock import Reading, Step

OPTIONS = {
    "flush-denormal": "CPU: take denormal numbers for zero.",
    "crosscheck": "CPU: also what the program of an engine's maker says.",
    "memory": "CPU: also what each network adds to a process of its own.",
}
FLUSH = "flush-denormal"
ENERGY_S = 2.0  # the counters are brought up to date every millisecond
CGROUP = Path("/sys/fs/cgroup")
MOST_THREADS = 1024  # OpenMP ends the process when it cannot start as many as it was told to


class Cpu(Device):
    """The only one there is; ``flush``: denormal numbers are taken for zero."""

    torch_device = "cpu"
    known = (*OPTIONS, ENERGY)

    def __init__(self, *, flush: bool = False) -> None:
        self._flush = flush

    def host_threads(self, asked: int | None) -> int:
        """As many as asked for, or as cores are free (`environment.free_cores`), but not more than PyTorch would
        take. Raises UsageError."""
        if self._flush and asked not in (None, 1):
            raise UsageError(
                "PyTorch flushes denormal numbers on one thread only.", "Try --threads 1."
            )
        if self._flush:
            return 1
        if asked is not None and asked > MOST_THREADS:
            raise UsageError(
                f"{asked:,} threads are more than any processor runs.", "Try --threads 1."
            )
        return free_cores.threads(torch.get_num_threads()) if asked is None else asked

    @contextmanager
    def session(self, *, threads: int | None) -> Iterator[int]:
        """Set PyTorch's threads for the duration; gives how many there are. Raises UsageError."""
        before = torch.get_num_threads()
        try:
            torch.set_num_threads(self.host_threads(threads))
            yield torch.get_num_threads()
        finally:
            torch.set_num_threads(before)

    def product(self) -> str | None:
        """Name of the processor."""
        return machine.cpu(machine.Source())

    def total_memory(self) -> int | None:
        """Bytes of the machine, or of the container's limit."""
        total = int(psutil.virtual_memory().total)
        try:
            return min(total, int((CGROUP / "memory.max").read_text()))
        except (OSError, ValueError):  # no cgroup v2, or no limit ("max") in it
            return total

    def free_memory(self) -> int | None:
        """Bytes that can be had without swapping, and without leaving the container's limit."""
        available = int(psutil.virtual_memory().available)
        try:
            limit, used = (
                int((CGROUP / f"memory.{file}").read_text()) for file in ("max", "current")
            )
            stat = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
            return min(available, limit - used + int(stat["inactive_file"]))
        except (OSError, ValueError, KeyError):  # no cgroup v2, or no limit ("max") in it
            return available

    def step(self, call: Call, context: Context, inputs: Sequence[Any] = ()) -> Step:  # noqa: ARG002
        """A timed block of ``n`` calls: seconds per call, with the garbage collector off.

        The thread clock costs microseconds to read on virtual machines: it stands outside the
        bracket of the wall clock.
        """
        wall_ns, cpu_ns = time.perf_counter_ns, time.thread_time_ns
        if self._flush:
            context = denormals.flushing(context)

        def timed(n: int) -> Reading:
            calls = repeat(None, n)
            with uncollected(), context():
                cpu_start = cpu_ns()
                start = wall_ns()
                for _ in calls:
                    call()
                end = wall_ns()
                cpu_end = cpu_ns()
            return Reading((end - start) * 1e-9 / n, (cpu_end - cpu_start) * 1e-9 / n)

        return timed

    def peak_memory(self, call: Call, context: Context) -> int | None:
        """Bytes that one call has allocated at its highest point, from PyTorch's own allocator."""
        with _quiet_profiler(), context(), profiler.profile(profile_memory=True) as profile:
            call()
        now = peak = 0
        for event in profile.kineto_results.events():
            if event.name() == "[memory]":
                now += event.nbytes()
                peak = max(peak, now)
        return peak

    def energy(self, call: Call, context: Context) -> float | None:
        """Joules of one call, from calls without a pause: what the counters of all packages have gained,
        which is also other programs'. None where there is none that can be read."""
        n, start, before = 0, time.perf_counter(), rapl.counters()
        if not before:
            return None
        with context():
            while time.perf_counter() - start < ENERGY_S:
                call()
                n += 1
        spent = rapl.joules(before, rapl.counters())
        return None if spent is None else spent / n

    def why_no_energy(self) -> str:
        """The counters."""
        return rapl.why_none()


_CPU, _FLUSHING = Cpu(), Cpu(flush=True)


def at(_index: int = 0, options: tuple[str, ...] = ()) -> Cpu:
    """The processor."""
    return _FLUSHING if FLUSH in options else _CPU


@contextmanager
def uncollected() -> Iterator[None]:
    """The garbage collector is off meanwhile."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def _quiet_profiler() -> Iterator[None]:
    """The profiler's C++ part writes to the process's stderr when it starts and stops."""
    with streams.descriptors_kept(2):
        streams.send_nowhere(2)
        yield
