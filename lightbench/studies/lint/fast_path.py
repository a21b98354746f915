"""What an engine does not run on its fast path: the network is made for it and called, once or until its times are known."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from lightbench import devices
from lightbench.engines import tells_times
from lightbench.environment.allocator import keep_freed_memory
from lightbench.records import Case
from lightbench.runner.control import Control
from lightbench.runner.given import Given
from lightbench.runner.prepare import prepare
from lightbench.runner.session import here, process_kept
from lightbench.studies.count.groups import NETWORK
from lightbench.studies.layers import on_engine
from lightbench.studies.layers.kernels import OffFastPath


def off_path(
    case: Case,
    given: Given | None,
    control: Control,
    *,
    seconds: float,
    warn: Callable[[Iterable[str]], None] = lambda _said: None,
) -> Sequence[OffFastPath]:
    """The dearest first, with times where the engine tells them, which takes ``seconds``; ``warn`` is told what is to
    be known of these. Raises what keeps the network from running on the engine."""
    device = devices.find(case.device, case.options)
    if reason := device.unavailable():
        raise reason
    with process_kept(), device.session(threads=case.threads) as active:
        keep_freed_memory()
        where = here(device, case.device, active)
        control.say(f"{case.model} on {case.engine}: convert, first run")
        ready = prepare(case, device, given, trusted=control.trusted)
        left = [
            OffFastPath(one.path or NETWORK, one.op, one.count, one.why)
            for one in (ready.conversion.left if ready.conversion else ())
        ]
        if not tells_times(case.engine):
            return left
        control.say(f"{case.model} on {case.engine}: its own profile")
        breakdown = on_engine.profile(
            ready,
            where,
            watching=partial(device.watching, case.threads, active),
            seconds=seconds,
            clock=time.perf_counter,
            rng=random.Random(control.seed),
            report=control.progress,
        )
        warn(breakdown.record.warnings)
        return [*breakdown.off_path, *left]
