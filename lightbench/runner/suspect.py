"""Times that cannot be: does a call that is timed do the work that was counted?

A network may remember its answer, answer otherwise while it is timed, hand its work to a thread, or give
what does its work later. Each is looked for outside the clock, and what is found is a sentence that begins
with ``suspect``: such a time is in no sentence, no figure, and passes no gate.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread

import torch
from torch import Tensor

from lightbench import units
from lightbench.devices import Device
from lightbench.records import SUSPECT
from lightbench.records.arguments import tensors_in
from lightbench.runner.answer import Answer, answer
from lightbench.runner.later import First
from lightbench.runner.other_values import TURNS, given_back, roll
from lightbench.runner.watch import Watch, threads_now
from lightbench.stats.median import median

SLOW_MADDS_PER_S = 1e9  # what any processor attains, and need not be asked for
BEYOND = 10.0  # times what a matrix multiplication attains: less may be another algorithm, or noise
LONG_S, LARGEST, TRIES = 2e-3, 8192, 3  # of the matrix multiplication
LONGER, BY_S = 3.0, 200e-6  # a call with them takes so many times as long, and by as much longer
ROUNDING = 1e-3
WINDOW_S, LOOK_S = 0.2, 1e-3  # how long threads are watched after an answer, and how often
LATER = 0.3  # of a call's time, or of that which is much: so long they may still work
MUCH_S = 0.03


def suspicions(first: First, time_s: float) -> Iterator[str]:
    """Why ``time_s`` cannot be the time of a call, a sentence each. Calls it, and leaves its inputs as
    they were; on the meta device, where nothing runs, there is nothing to say."""
    if first.device.torch_device == "meta":
        return
    if first.look.answer.unread:
        yield f"{SUSPECT}: it answers with a {first.look.answer.unread}, whose work is done when that is read."
    first.watch.look()
    if said := first.watch.said or _too_fast(first, time_s) or _remembers(first, time_s):
        yield said
    if said := _works_on(first.watch, time_s):
        yield said


def _too_fast(first: First, time_s: float) -> str:
    speed = first.costs.madds / time_s
    if speed < SLOW_MADDS_PER_S:
        return ""
    # Where whole numbers are multiplied faster, so are short ones.
    dtype = "bfloat16" if first.case.dtype == "int8" else first.case.dtype
    best = attained(first.device, dtype, torch.get_num_threads())
    if best is None or speed <= BEYOND * best:
        return ""
    # It may have been disturbed.
    again = (multiplying(first.device, dtype) for _ in range(TRIES))
    best = max(best, *(one or 0.0 for one in again))
    if speed <= BEYOND * best:
        return ""
    return (
        f"{SUSPECT}: {units.exact(first.costs.madds)} multiply-adds in {units.seconds(time_s)} are"
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


def _remembers(first: First, time_s: float) -> str:
    """Does it give its old answer to new values, or take much longer for them than for old ones?"""
    tensors = [t for t in tensors_in(first.given) if first.reads and t.is_floating_point()]
    new_s, old_s = [], []
    try:
        with given_back(tensors):
            for turn in range(1, TURNS + 1):
                if not roll(tensors, turn):
                    return ""
                took_s, said = _on_clock(first)
                if said.like(first.look.answer, 0.0):
                    return _of_old_values(first, said, turn)
                if took_s <= LONGER * time_s + BY_S:
                    return ""
                new_s.append(took_s)
                old_s.append(_on_clock(first)[0])
    except Exception:  # noqa: BLE001  it works on some values only
        return ""
    by = min(new_s) / max(median(old_s), time_s)
    if by <= LONGER:
        return ""
    return f"{SUSPECT}: it takes {units.factor(by)} times as long for values that it has not seen before."


def _of_old_values(first: First, said: Answer, turn: int) -> str:
    """An answer that has not changed with the values: that of a network that does not depend on them, or
    that remembers? It is asked in tensors that it has not seen."""
    args, keywords = first.inputs(first.device.torch_device)
    roll([t for t in tensors_in((args, keywords)) if t.is_floating_point()], turn)
    with first.watch.program.context():
        true = answer(first.network(*args, **keywords))
    if true.like(said, ROUNDING):
        return ""
    return f"{SUSPECT}: it gives its old answer when its input has changed: the work is not done again."


def _on_clock(first: First) -> tuple[float, Answer]:
    with first.watch.program.context():
        start = time.perf_counter()
        outputs = first.watch.program.call()
        first.device.synchronize()
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
