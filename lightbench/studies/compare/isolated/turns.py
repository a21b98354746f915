"""The process of one side, for `pairs`: it loads its network and then makes one call for each token
that it is handed, so that one side runs while the other one waits.

Like a `worker` it gets its request on stdin and answers in JSON lines; tokens are single bytes from a
second pipe. A reading is sent after the clocks have stopped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from lightbench.environment.version import VERSION
from lightbench.errors import LightbenchError, NotAvailable
from lightbench.records import Samples
from lightbench.stats.median import median
from lightbench.studies.compare.worker import Version, tree_of
from lightbench.timing.clock import Reading, Step, clocks
from lightbench.timing.rounds import LONG_S
from lightbench.timing.warmup import BLOCK_S, MAX_CALLS, WINDOW, calls_per_sample
from lightbench.workers.worker import Send, serve

if TYPE_CHECKING:
    from lightbench.devices import Device
    from lightbench.records import Record
    from lightbench.studies.compare.pairs import Side

PROTOCOL = 1  # of these tokens and lines: both ends must have the same
WARM, TIMED, AFRESH, DROP, FINISH = b"w", b"t", b"u", b"d", b"f"
"""One more call to warm up; one that counts; one that counts, after an untimed one which fills the
caches; forget the last one; send the record."""


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side. ``cores`` are those it may run on, None: any; ``calls_per_sample`` is what an earlier
    process of this side found, whose samples stand in the same record."""

    version: Version
    trusted: bool
    cores: tuple[int, ...] | None = None
    calls_per_sample: int | None = None


class Turns:
    """What a side does for each token, and its readings so far."""

    def __init__(self, step: Step, calls: int | None = None) -> None:
        self._step = step
        self._calls = calls  # in a timed block; known after the warm-up
        self._block = 1
        self._warm: list[Reading] = []
        self._timed: list[Reading] = []
        self._warmup_calls = 0
        self._dropped: list[str] = []

    def take(self, token: bytes) -> Reading:
        """Do what the token says. Raises what the network raises, and ValueError for no token."""
        if token == WARM:
            return self._warm_up()
        if token == DROP:
            self._dropped.append(self._timed[-1].throttled or "the other side's turn")
            return self._timed.pop()
        if token not in (TIMED, AFRESH):
            raise ValueError(f"no such token: {token!r}")
        typical_s = median(reading.wall_s for reading in self._warm[-WINDOW:])
        if self._calls is None:
            self._calls = calls_per_sample(typical_s)
        if token == AFRESH and typical_s < LONG_S:
            self._step(1)
        self._timed.append(self._step(self._calls))
        return self._timed[-1]

    def samples(self) -> Samples:
        """All that counts. Raises NotAvailable if the device was slowed down in every round."""
        if not self._timed and self._dropped:
            raise NotAvailable(
                f"the device was slowed down ({self._dropped[0]}) in all {len(self._dropped)} rounds.",
                "Let it cool, raise its power limit, or measure longer.",
            )
        return Samples(
            **clocks(self._timed),
            throttled_rounds=len(self._dropped),
            calls_per_sample=self._calls or 1,
            first_call_s=self._warm[0].wall_s,
            warmup_calls=self._warmup_calls,
            stop="max_seconds",
        )

    def _warm_up(self) -> Reading:
        """Blocks of short calls grow until they last as long as a timed one will."""
        reading = self._step(self._block)
        self._warm.append(reading)
        self._warmup_calls += self._block
        if self._block * reading.wall_s < BLOCK_S:
            self._block = min(2 * self._block, MAX_CALLS)
        return reading


def _take_turns(text: bytes, send: Send, *, tokens: int) -> None:
    send("hello", {"protocol": PROTOCOL, "lightbench": VERSION})
    task = _understood(text)
    pinned = _pin(task.cores)
    # These import torch, which decides by the cores it sees how many threads it starts.
    from lightbench import devices
    from lightbench.environment.allocator import keep_freed_memory
    from lightbench.models.sources.source_trees import loaded_from
    from lightbench.runner.session import here
    from lightbench.studies.compare.pairs import Side

    keep_freed_memory()
    case, tree = task.version.case, tree_of(task.version)
    device = devices.find(case.device, case.options)
    if reason := device.unavailable():
        raise reason
    # All the time: what the network imports while it runs is of its version, too.
    with loaded_from(tree) if tree else nullcontext(), device.session(threads=case.threads):
        where = here(device, case.device, device.host_threads(case.threads))
        send("here", {"environment": where, "pinned": pinned})
        side = Side(case, tree=tree, label=task.version.label)
        send("record", _answer(side, device, where, task, send, partial(os.read, tokens, 1)))


def _answer(
    side: Side, device: Device, where: Any, task: Task, send: Send, next_token: Callable[[], bytes]
) -> Record:
    """Answer tokens until the last one: the record of what was timed, or of why it was not."""
    from lightbench.records.failure import explain_plainly
    from lightbench.runner import record
    from lightbench.runner.session import with_noted
    from lightbench.studies.compare.pairs import prepared_side

    prepared = prepared_side(side, device, trusted=task.trusted, alone=True)
    if isinstance(prepared, LightbenchError):
        return record.failed(side.case, prepared, where)
    send("ready", record.counted(prepared, where))
    turns = Turns(prepared.step, task.calls_per_sample)
    active = device.host_threads(side.case.threads)
    try:
        # The other side is none of those who disturb: both are children of one process.
        with device.watching(side.case.threads, active, top=os.getppid()) as seen:
            while (token := next_token()) != FINISH:
                if not token:  # the process that asks is gone, and nobody reads what we say
                    sys.exit(0)
                send("reading", turns.take(token))
        samples = turns.samples()
    except Exception as error:  # noqa: BLE001  whatever the network raises; the record says it
        reason = explain_plainly("the network failed while it was timed", error)
        return record.failed(side.case, reason, where)
    return record.measured(prepared, samples, with_noted(where, {**device.noted(), **seen}))


def _understood(text: bytes) -> Task:
    try:
        return msgspec.json.decode(text, type=Task)
    except msgspec.ValidationError as error:
        raise NotAvailable(
            f"lightbench {VERSION} does not understand what it is asked: {error}.",
            "Give both interpreters the same version of lightbench: install it from one checkout.",
        ) from error


def _pin(cores: tuple[int, ...] | None) -> bool:
    """Run on these cores only, if the system lets us: did it?"""
    if cores is not None and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, cores)
            return True
    return False


if __name__ == "__main__":
    serve(sys.argv[1], partial(_take_turns, tokens=int(sys.argv[2])))
