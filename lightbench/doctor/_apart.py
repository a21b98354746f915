"""A self-test in a process of its own: what kills that one is a finding of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from lightbench.doctor.checks import Check, Selftest
from lightbench.processes import ending
from lightbench.workers import autoload

PATIENCE_S = 300.0  # for one check: the first on an NPU that compiles takes minutes
LAST_WORDS = 20  # lines of stderr
CHILD = (sys.executable, "-m", "lightbench.doctor")


def selftest(
    device: str, *, patience_s: float = PATIENCE_S, command: Sequence[str] = CHILD
) -> Selftest:
    """The self-test of a device, or as much of it as there was. Without ``strict``: what the device
    does somewhere else is to be seen."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as answers, tempfile.TemporaryFile() as said:
        child = subprocess.Popen(  # noqa: S603  our own module
            [*command, str(writer), device],
            env=autoload.handed_on(os.environ),
            pass_fds=[writer],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        os.close(writer)
        try:
            checks, end, late = _listen(child, answers, patience_s)
        finally:
            child.kill()
            child.wait()
        reason = end
        if late:
            reason = (
                f"{end} did not return: it was stopped after {patience_s:.0f} s without an answer"
            )
        if not reason:
            return Selftest(device=device, checks=checks)
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()[-LAST_WORDS:]
    return Selftest(device=device, checks=checks, reason=reason, said=tuple(lines))


def _listen(
    child: subprocess.Popen[bytes], answers: Any, patience_s: float
) -> tuple[tuple[Check, ...], str, bool]:
    """Its checks, why it ended early or what it was doing, and whether it was stopped."""
    checks: list[Check] = []
    doing, late = "starting Python", threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    while True:
        timer = threading.Timer(patience_s, stop)
        timer.start()
        try:
            line = answers.readline()
        finally:
            timer.cancel()
        if not line:
            break
        kind, value = json.loads(line)
        if kind == "doing":
            doing = value
        elif kind == "check":
            checks.append(msgspec.convert(value, Check))
        elif kind == "error":
            return tuple(checks), f"{doing}: {value}", False
        elif kind == "end":
            return tuple(checks), "", False
    if late.is_set():
        return tuple(checks), doing, True
    return tuple(checks), f"{doing} ended the process: {ending(child.wait())}", False
