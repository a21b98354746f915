"""Times that cannot be: does a call that is timed do the work that was counted?

A network may remember its answer, answer otherwise while it is timed, hand its work to a thread, or give
what does its work later. Each is looked for outside the clock, and what is found is a sentence that begins
with ``suspect``: such a time is in no sentence, no figure, and passes no gate.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread
from threading import enumerate as alive
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench import units
from lightbench.costs.count import MakeInputs
from lightbench.devices import Device
from lightbench.engines import Context, Program
from lightbench.records import SUSPECT, Costs
from lightbench.records.arguments import tensors_in
from lightbench.runner.answer import Answer, answer
from lightbench.stats.median import median
from lightbench.timing.clock import Reading, Step

LOOKS = 0.02  # of calls: how often there is one that is looked at
SLOW_MADDS_PER_S = 1e9  # what any processor attains, and need not be asked for
BEYOND = 10.0  # times what a matrix multiplication attains: less may be another algorithm, or noise
LONG_S, LARGEST, TRIES = 2e-3, 8192, 3  # of the matrix multiplication
NEW = 7  # times that it is called with values it has not seen, unless one of them is quick
LONGER, BY_S = 3.0, 200e-6  # a call with them takes so many times as long, and by as much longer
ROUNDING = 1e-3
WINDOW_S, LOOK_S = 0.2, 1e-3  # how long threads are watched after an answer, and how often
LATER = 0.3  # of a call's time, or of that which is much: so long they may still work
MUCH_S = 0.03


class Watch:
    """Of one network: at random, after a timed block, does it still answer as it did at first? ``said``
    is what was found, "" for nothing; ``threads`` are those that it has started and that still run."""

    def __init__(self, program: Program, first: Answer, threads: Iterable[Thread]) -> None:
        self.program, self._first = program, first
        self.threads = frozenset(threads)
        self._random = random.Random()
        self._varies = False  # from call to call, as what draws random numbers does
        self.said = ""

    def around(self, step: Step, context: Context) -> Step:
        """The same step, which calls it in this context, with looks in between."""
        self.program = Program(self.program.call, context)

        def watched(n: int) -> Reading:
            before = threads_now()
            reading = step(n)
            self.threads = (self.threads & before) | (threads_now() - before)
            if self._random.random() < LOOKS * n:
                self.look()
            return reading

        return watched

    def look(self) -> None:
        """Once."""
        if self.said or self._varies or self.call().like(self._first):
            return
        now, again = self.call(), self.call()
        self._varies = not again.like(now)
        if not self._varies and not now.like(self._first):
            self.said = f"{SUSPECT}: it answers otherwise while it is timed than in its first call."

    def call(self) -> Answer:
        """What it answers now."""
        with self.program.context():
            return answer(self.program.call())


class Timed(NamedTuple):
    """A network that was timed. ``given`` are the arguments that it is called with,
    and ``others`` makes new ones; ``reads``: a call begins with the values that ``given`` has."""

    network: nn.Module
    watch: Watch
    device: Device
    given: Any
    others: MakeInputs
    reads: bool
    first: Answer
    costs: Costs
    dtype: str


def suspicions(timed: Timed, time_s: float) -> Iterator[str]:
    """Why ``time_s`` cannot be the time of a call, a sentence each. Calls it, and leaves its inputs as
    they were; on the meta device, where nothing runs, there is nothing to say."""
    if timed.device.torch_device == "meta":
        return
    if timed.first.unread:
        yield f"{SUSPECT}: it answers with a {timed.first.unread}, whose work is done when that is read."
    timed.watch.look()
    if said := timed.watch.said or _too_fast(timed, time_s) or _remembers(timed, time_s):
        yield said
    if said := _works_on(timed.watch, time_s):
        yield said


def threads_now() -> frozenset[Thread]:
    """Python's threads, of whomever."""
    return frozenset(alive())


def _too_fast(timed: Timed, time_s: float) -> str:
    speed = timed.costs.madds / time_s
    if speed < SLOW_MADDS_PER_S:
        return ""
    best = attained(timed.device, timed.dtype, torch.get_num_threads())
    if best is None or speed <= BEYOND * best:
        return ""
    # It may have been disturbed.
    again = (multiplying(timed.device, timed.dtype) for _ in range(TRIES))
    best = max(best, *(one or 0.0 for one in again))
    if speed <= BEYOND * best:
        return ""
    return (
        f"{SUSPECT}: {units.exact(timed.costs.madds)} multiply-adds in {units.seconds(time_s)} are"
        f" {units.factor(speed / best)} times what a matrix multiplication attains here."
    )


@cache
def attained(device: Device, dtype: str, _threads: int) -> float | None:
    """Of this process, with so many threads."""
    return multiplying(device, dtype)


def multiplying(device: Device, dtype: str) -> float | None:
    """Multiply-adds per second of a matrix multiplication, as fast as it gets; None where there is none
    in this precision."""
    size, best = 128, 0.0
    with suppress(Exception), torch.inference_mode():
        while size < LARGEST:
            size *= 2
            a = torch.ones(size, size, dtype=getattr(torch, dtype), device=device.torch_device)
            took_s = min(_multiplied(device, a) for _ in range(TRIES))
            best = max(best, size**3 / took_s)
            if took_s >= LONG_S:
                break
    return best or None


def _multiplied(device: Device, a: Tensor) -> float:
    start = time.perf_counter()
    a @ a
    device.synchronize()
    return time.perf_counter() - start


def _remembers(timed: Timed, time_s: float) -> str:
    """Does it give its old answer to new values, or take much longer for them than for old ones?"""
    tensors = [t for t in tensors_in(timed.given) if timed.reads and t.is_floating_point()]
    before = [t.detach().clone() for t in tensors]
    new_s, old_s = [], []
    try:
        for turn in range(1, NEW + 1):
            if not _rolled(tensors, turn):
                return ""
            took_s, said = _on_clock(timed)
            if said.like(timed.first, 0.0):
                return _of_old_values(timed, said, turn)
            if took_s <= LONGER * time_s + BY_S:
                return ""
            new_s.append(took_s)
            old_s.append(_on_clock(timed)[0])
    except Exception:  # noqa: BLE001  it works on some values only
        return ""
    finally:
        with suppress(Exception), torch.no_grad():
            for tensor, was in zip(tensors, before, strict=True):
                tensor.copy_(was)
    by = min(new_s) / max(median(old_s), time_s)
    if by <= LONGER:
        return ""
    return f"{SUSPECT}: it takes {units.factor(by)} times as long for values that it has not seen before."


def _of_old_values(timed: Timed, said: Answer, turn: int) -> str:
    """An answer that has not changed with the values: that of a network that does not depend on them, or
    that remembers? It is asked in tensors that it has not seen."""
    args, keywords = timed.others(timed.device.torch_device)
    _rolled([t for t in tensors_in((args, keywords)) if t.is_floating_point()], turn)
    with timed.watch.program.context():
        true = answer(timed.network(*args, **keywords))
    if true.like(said, ROUNDING):
        return ""
    return f"{SUSPECT}: it gives its old answer when its input has changed: the work is not done again."


def _rolled(tensors: Sequence[Tensor], turn: int) -> bool:
    """Put each tensor's values in other places of it; were any changed?"""
    changed = False
    with torch.no_grad():
        for tensor in tensors:
            new = (
                tensor.reshape(-1)
                .roll(turn * (tensor.numel() // (NEW + 2) + 1))
                .reshape(tensor.shape)
            )
            changed = changed or not torch.equal(new, tensor)
            tensor.copy_(new)
    return changed


def _on_clock(timed: Timed) -> tuple[float, Answer]:
    with timed.watch.program.context():
        start = time.perf_counter()
        outputs = timed.watch.program.call()
        timed.device.synchronize()
        took_s = time.perf_counter() - start
        return took_s, answer(outputs)


def _works_on(watch: Watch, time_s: float) -> str:
    """Do threads that the network has started work when it has answered?"""
    before = threads_now()
    watch.call()
    mine = [*(watch.threads | (threads_now() - before))]
    began = [_worked_s(thread) for thread in mine]
    until = time.perf_counter() + WINDOW_S
    while mine and time.perf_counter() < until:
        time.sleep(LOOK_S)
        worked = sum(max(_worked_s(t) - was, 0.0) for t, was in zip(mine, began, strict=True))
        if worked > LATER * min(time_s, MUCH_S):
            return f"{SUSPECT}: threads of its own go on working when it has answered."
    return ""


def _worked_s(thread: Thread) -> float:
    """CPU time of a thread, which Linux knows; 0 of one that is gone."""
    with suppress(OSError, ValueError):
        return (
            int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9
        )
    return 0.0
