"""A self-test in a process of its own: what kills that one is a finding of this one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from lightbench.doctor.checks import Check, Selftest
from lightbench.workers.clean_start import command_of
from lightbench.workers.manager import started

PATIENCE_S = 300.0  # for one check: the first on an NPU that compiles takes minutes
LAST_WORDS = 20  # lines of stderr
CHILD = command_of("lightbench.doctor")


def selftest(
    device: str, *, patience_s: float = PATIENCE_S, command: Sequence[str] = CHILD
) -> Selftest:
    """The self-test of a device, or as much of it as there was. Without ``strict``: what the device
    does somewhere else is to be seen."""
    checks: list[Check] = []
    doing, reason = "starting Python", ""
    with started(command, device, words=True) as child:
        try:
            for kind, value in iter(partial(child.answer, patience_s), None):
                if kind == "doing":
                    doing = value
                elif kind == "check":
                    checks.append(msgspec.convert(value, Check))
                elif kind == "error":
                    reason = f"{doing}: {value}"
                if kind in {"error", "end"}:
                    break
            else:
                reason = f"{doing} ended the process: {child.ending()}"
        except TimeoutError:
            reason = (
                f"{doing} did not return: it was stopped after {patience_s:.0f} s without an answer"
            )
        said = tuple(child.words()[-LAST_WORDS:]) if reason else ()
    return Selftest(device=device, checks=tuple(checks), reason=reason, said=said)
