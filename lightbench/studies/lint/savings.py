"""Verify findings on a device: load the network there, capture its calls, time them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from lightbench import devices
from lightbench.environment import contention
from lightbench.environment.allocator import keep_freed_memory
from lightbench.records import Case, Environment, Op
from lightbench.runner import prepare
from lightbench.runner.control import USUAL, Control
from lightbench.runner.given import Given
from lightbench.runner.session import process_kept
from lightbench.studies.lint.linted import Finding
from lightbench.studies.lint.verify import Saving, capture, measure


def savings(
    findings: Sequence[Finding],
    ops: Sequence[Op],
    case: Case,
    given: Given | None,
    control: Control = USUAL,
    *,
    seconds: float,
    warn: Callable[[str], None] = lambda _text: None,
) -> dict[int, Saving]:
    """What each finding costs on the case's device, by its position; one whose operators cannot be
    called again on their own has none. ``warn`` is told who else wanted the processor. Raises what keeps the network from running at all."""
    device = devices.find(case.device, case.options)
    found: dict[int, Saving] = {}
    keep_freed_memory()
    with (
        process_kept(),
        device.session(threads=case.threads) as active,
        device.watching(case.threads, active) as noted,
    ):
        prepared = prepare.prepare(case, device, given, trusted=control.trusted)
        for i, finding in enumerate(findings):
            control.say(f"verify {i + 1} of {len(findings)}: {finding.guideline} {finding.layer}")
            captured = capture(prepared.network, prepared.program.call, finding.block, ops)
            saving = None
            with suppress(Exception):  # the others may well be timed; this one has a dash
                saving = measure(
                    finding,
                    ops,
                    captured,
                    device.step,
                    seconds=seconds,
                    clock=time.perf_counter,
                    rng=random.Random(control.seed),
                )
            if saving is not None:
                found[i] = saving
    for reason in contention.reasons(Environment(comparable={"threads": active}, noted=noted)):
        warn(reason)
    return found
