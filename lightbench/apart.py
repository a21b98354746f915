"""What `rounds` does, in a process of its own: for a device whose package changes the process it is
in, and which does silently elsewhere what it cannot do itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from lightbench import autoload
from lightbench.devices import Device
from lightbench.devices._memory import facts
from lightbench.errors import LightbenchError
from lightbench.records import Record
from lightbench.rounds import Finish, Group, Report, Say
from lightbench.timing.sampling import Progress
from lightbench.worker import MARK, Request


def measure(
    group: Group, device: Device, *, say: Say, progress: Report | None, finish: Finish
) -> None:
    """What `rounds.measure` does, in a process in which operators without a kernel are errors.

    A network that fails of that runs once more in another process, and its record says what ran on
    the CPU; of a sweep all do, since only what was timed in the same rounds can be compared.
    """
    fell: list[int] = []

    def strictly(i: int, record: Record) -> None:
        if record.failure and device.fell_back(record.failure.message):
            fell.append(i)
        elif not (fell and group.sweep):
            finish(i, record)

    _in_child(group, device.strict or {}, say, progress, strictly)
    for members in [list(group.cases)] if fell and group.sweep else [[i] for i in fell]:
        say("operators without a kernel: once more, with the CPU for those")
        _in_child(_part(group, members), {}, say, progress, finish)


def _part(group: Group, members: Sequence[int]) -> Group:
    return Group(
        cases={i: group.cases[i] for i in members},
        sweep={i: group.sweep[i] for i in members if i in group.sweep},
        rule=group.rule,
        errors=group.errors,
        seed=group.seed,
        trusted=group.trusted,
    )


def _in_child(
    group: Group, environ: Mapping[str, str], say: Say, progress: Report | None, finish: Finish
) -> None:
    """Ctrl-C reaches the child too, which sends what it has; KeyboardInterrupt is raised then.
    Raises LightbenchError if the process dies."""
    request = Request(
        cases=dict(group.cases),
        sweep=dict(group.sweep),
        rule=group.rule,
        seed=group.seed,
        trusted=group.trusted,
        keep_memory=bool(facts()),
    )
    reader, writer = os.pipe()
    child = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-m", Request.__module__, str(writer)],
        env={**autoload.handed_on(os.environ), **environ, MARK: "1"},
        pass_fds=[writer],
        stdin=subprocess.PIPE,
    )
    os.close(writer)
    end = ""
    with os.fdopen(reader, "rb") as answers:
        assert child.stdin is not None
        with suppress(BrokenPipeError), child.stdin as stdin:
            stdin.write(msgspec.json.encode(request))
        for kind, value in _lines(answers):
            if kind == "say":
                say(value)
            elif kind == "progress" and progress:
                progress(msgspec.convert(value, Progress))
            elif kind == "record":
                finish(value[0], msgspec.convert(value[1], Record))
            elif kind == "error":
                raise _again(value)
            elif kind == "end":
                end = value
    code = child.wait()
    if end == "interrupted":
        raise KeyboardInterrupt
    if not end:
        raise LightbenchError(
            f"the process that measures on {group.device} ended early: {_ending(code)}.",
            "`lightbench doctor --selftest` finds out more.",
        )


def _lines(answers: Any) -> Iterator[tuple[str, Any]]:
    """Ctrl-C is the child's business: what it still sends is waited for."""
    while True:
        try:
            line = answers.readline()
        except KeyboardInterrupt:
            continue
        if not line:
            return
        yield json.loads(line)


def _again(value: Mapping[str, Any]) -> LightbenchError:
    error = LightbenchError(value["message"], value["hint"])
    error.exit_code = value["exit_code"]
    return error


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
