"""Everything that PyTorch calls an accelerator, timed by events of the device itself.

One class on ``torch.accelerator`` and ``torch.Event``; where devices differ is in a row of `Quirks`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from itertools import repeat
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from lightbench.devices import cpu
from lightbench.devices.support.base import (
    COLD,
    GRAPH,
    Call,
    Context,
    Device,
    Facts,
    Notes,
)
from lightbench.devices.support.health import Watch, concerns, energy_j, summary
from lightbench.devices.support.quirks import Quirks
from lightbench.errors import DeviceUnavailable, LightbenchError, UsageError
from lightbench.records.case import ENERGY, TRANSFERS
from lightbench.timing.clock import CLOCKS, Reading, Step

RESOLUTION_S = 0.5e-6  # of CUDA's events, by its manual; shorter blocks read 0
CLOCK_S = 0.3  # of matrix products before anything is timed: clocks idle at half speed or less
CLOCK_SIZE = 1024  # rows and columns
CAPTURE_CALLS = 3  # before a graph is recorded: what allocates or compiles must have happened
DEFAULT_L2 = 128 << 20  # bytes; more than any device has today that does not say
ENERGY_S = 2.0  # of calls without a pause, for power to be sampled
ENERGY_SAMPLES = 10


@cache
def accelerator(kind: str, index: int, quirks: Quirks, options: tuple[str, ...]) -> Accelerator:
    """One object for each device and its options: it knows whether it is being watched. Raises
    UsageError for options that it has not."""
    if GRAPH in options and TRANSFERS in options:
        raise UsageError("a graph has its inputs on the device: it has no transfers to time.")
    return Accelerator(kind, index, quirks, options)


class Accelerator(Device):
    """One of them."""

    def __init__(self, kind: str, index: int, quirks: Quirks, options: tuple[str, ...]) -> None:
        self.kind, self.index, self.quirks, self.options = kind, index, quirks, options
        self.torch_device = f"{kind}:{index}"
        self.strict = quirks.strict
        graph = () if quirks.capture is None else (GRAPH,)
        self.known = (*graph, COLD, TRANSFERS, ENERGY, *quirks.options)
        self._watch: Watch | None = None

    def unavailable(self) -> DeviceUnavailable | None:
        """Why it cannot be used; None: it can."""
        return self.quirks.probe(self.index)

    def host_threads(self, asked: int | None) -> int:
        """CPU threads, for what runs on the host."""
        return cpu.at().host_threads(asked)

    def facts(self) -> Facts:
        """Names, versions and switches."""
        return self.quirks.facts(self.index)

    def total_memory(self) -> int | None:
        """Bytes that it has; None where it does not say."""
        return self.quirks.memory_bytes(self.index)

    def refuse(self, *, layout: str, dtype: str, mode: str) -> None:
        """Raises UsageError for what the device would refuse, or do as something else."""
        if layout == "channels_last" and not self.quirks.channels_last:
            raise UsageError(
                f"{self.kind} has no channels-last layout.", "Leave --channels-last out."
            )
        if dtype == "float64" and not self.quirks.float64:
            raise UsageError(f"{self.kind} has no float64.", "Try --dtype float32.")
        if mode == "train" and GRAPH in self.options:
            raise UsageError(
                "a graph holds one forward pass, not a training step.", "Leave one out."
            )

    @contextmanager
    def session(self, *, threads: int | None) -> Iterator[int]:
        """Make it the current device, its clock high, and watch it; gives the CPU threads."""
        self.quirks.start()
        with cpu.at().session(threads=threads) as active:
            before = torch.accelerator.current_device_index()
            torch.accelerator.set_device_index(self.index)
            try:
                self.quirks.set_up(self.options)
                with self._watched():
                    self._raise_clock()
                    yield active
            finally:
                torch.accelerator.set_device_index(before)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        read = self.quirks.health(self.index)
        if read is None:
            yield
            return
        with Watch(read, every_s=self.quirks.watch_s) as watch:
            self._watch = watch
            try:
                yield
            finally:
                self._watch = None

    def _raise_clock(self) -> None:
        with suppress(RuntimeError):  # a device without matrix products can still be measured
            x = torch.randn(CLOCK_SIZE, CLOCK_SIZE).to(self.torch_device)
            end = time.perf_counter() + CLOCK_S
            while time.perf_counter() < end:
                x @ x
                self.synchronize()

    def concerns(self) -> tuple[str, ...]:
        """What about the device spoils times: sentences."""
        return concerns(self._watch.readings[0]) if self._watch and self._watch.readings else ()

    def noted(self) -> Notes:
        """Clock, temperature and power so far."""
        seen = (
            {"visible_devices": os.environ.get(self.quirks.visible)} if self.quirks.visible else {}
        )
        return {**seen, **(summary(self._watch.readings) if self._watch else {})}

    def noticing(self) -> AbstractContextManager[list[str]]:
        """Collects warnings about what ran somewhere else meanwhile."""
        return self.quirks.noticing()

    def fell_back(self, message: str) -> bool:
        """Does this error say that an operator has no kernel?"""
        return self.quirks.fell_back(message)

    def synchronize(self) -> None:
        """Wait until all that was launched has been done."""
        torch.accelerator.synchronize(self.index)

    def free_memory(self) -> int | None:
        """Bytes that the device has left; None where it does not say."""
        try:
            return int(torch.accelerator.get_memory_info(self.index)[0])
        except (RuntimeError, NotImplementedError):
            return None

    def peak_memory(self, call: Call, context: Context) -> int | None:
        """Bytes that one call has allocated at its highest point; None without such an allocator."""
        try:
            self.synchronize()
            torch.accelerator.reset_peak_memory_stats(self.index)
            before = torch.accelerator.memory_allocated(self.index)
        except (RuntimeError, NotImplementedError):
            before = None
        with context():
            call()
        self.synchronize()
        return (
            None if before is None else torch.accelerator.max_memory_allocated(self.index) - before
        )

    def step(self, call: Call, context: Context, inputs: Sequence[Any] = ()) -> Step:
        """A timed block of ``n`` calls: per call the seconds until they were launched, those between
        two events on the device, and those to the end of synchronisation.

        With "cold-cache" and "h2d" each call of a block stands alone; ``inputs`` are what "h2d"
        copies to the device. With "graph" the call is recorded here, and played again.
        """
        if GRAPH in self.options:
            call, context = self._recorded(call, context), nullcontext
        flush = self._flush() if COLD in self.options else None
        events = self._events()
        hosted = self._hosted(inputs) if TRANSFERS in self.options else None

        def timed(n: int) -> Reading:
            with cpu.uncollected(), context():
                if flush is None and hosted is None:
                    return self._block(call, n, events)
                taken = []
                for _ in repeat(None, n):
                    to_device_s = (
                        self._transfer(hosted, self.torch_device) if hosted is not None else None
                    )
                    if flush:
                        flush()
                    outputs: list[Any] = []
                    reading = self._block(call, 1, events, outputs)
                    to_host_s = self._transfer(outputs, "cpu") if hosted is not None else None
                    taken.append(reading._replace(to_device_s=to_device_s, to_host_s=to_host_s))
            return _mean(taken)

        return timed

    def _block(
        self,
        call: Call,
        n: int,
        events: tuple[torch.Event, torch.Event] | None,
        outputs: list[Any] | None = None,
    ) -> Reading:
        calls = repeat(None, n)
        self.synchronize()
        if events:
            events[0].record()
        start = time.perf_counter_ns()
        for _ in calls:
            output = call()
        launched = time.perf_counter_ns()
        if events:
            events[1].record()
        self.synchronize()
        end = time.perf_counter_ns()
        if outputs is not None:
            outputs.append(output)
        device_s = max(events[0].elapsed_time(events[1]) * 1e-3, RESOLUTION_S) if events else None
        slow = self._watch.throttled(start * 1e-9, end * 1e-9) if self._watch else None
        return Reading(
            wall_s=(end - start) * 1e-9 / n,
            device_s=device_s and device_s / n,
            launch_s=(launched - start) * 1e-9 / n,
            throttled=slow,
        )

    def _events(self) -> tuple[torch.Event, torch.Event] | None:
        """Two events that take the time; None where the device has no such."""
        try:
            start, end = (torch.Event(self.torch_device, enable_timing=True) for _ in range(2))
            start.record()
            end.record()
            end.synchronize()
            start.elapsed_time(end)
        except (RuntimeError, NotImplementedError):
            return None
        return start, end

    def _recorded(self, call: Call, context: Context) -> Callable[[], Any]:
        capture = self.quirks.capture
        if capture is None:
            raise UsageError(f"{self.kind} has no graphs.", "Leave --graph out.")
        try:
            with context():
                for _ in range(CAPTURE_CALLS):
                    call()
                self.synchronize()
                return capture(call)
        except (LightbenchError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise UsageError(
                f"this network cannot be recorded as a graph: {error}".partition("\n")[0],
                "Measure it without --graph.",
            ) from error

    def _flush(self) -> Callable[[], Any]:
        """Writes twice as much as the last cache holds."""
        held = self.quirks.l2_bytes(self.index) or DEFAULT_L2
        buffer = torch.empty(2 * held, dtype=torch.uint8, device=self.torch_device)
        return buffer.zero_

    def _hosted(self, inputs: Sequence[Any]) -> list[Any]:
        return [x.cpu() for x in pytree.tree_leaves(inputs) if isinstance(x, Tensor)]

    def _transfer(self, values: Sequence[Any], where: str) -> float:
        """Seconds to copy tensors; a copy to the host waits for them, one to the device does not."""
        self.synchronize()
        start = time.perf_counter_ns()
        for x in pytree.tree_leaves(values):
            if isinstance(x, Tensor):
                x.to(where)
        self.synchronize()
        return (time.perf_counter_ns() - start) * 1e-9

    def energy(self, call: Call, context: Context) -> float | None:
        """Joules of one call, from calls without a pause: mean power times time; None with fewer
        than 10 samples of power."""
        if not self._tells_power():
            return None
        n, start = 0, time.perf_counter()
        with context():
            while (spent := time.perf_counter() - start) < ENERGY_S or (
                self._power_samples(start) < ENERGY_SAMPLES and spent < 10 * ENERGY_S
            ):
                call()
                self.synchronize()
                n += 1
        readings = self._watch.readings if self._watch else []
        total = energy_j(readings, start, start + spent)
        return None if total is None else total / n

    def _tells_power(self) -> bool:
        readings = self._watch.readings if self._watch else []
        return bool(readings) and readings[-1].power_w is not None

    def _power_samples(self, since_s: float) -> int:
        readings = self._watch.readings if self._watch else []
        return sum(r.power_w is not None and r.at_s >= since_s for r in readings)


def _mean(readings: Sequence[Reading]) -> Reading:
    """Readings of one call each as that of a block."""
    columns = {clock: [getattr(reading, clock) for reading in readings] for clock in CLOCKS}
    means: dict[str, Any] = {
        clock: None if None in times else sum(times) / len(times)
        for clock, times in columns.items()
    }
    return Reading(**means, throttled=next((r.throttled for r in readings if r.throttled), None))
