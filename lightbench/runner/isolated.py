"""What `rounds` does, in a process of its own: for a device whose package changes the process it is
in, and which does silently elsewhere what it cannot do itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from lightbench import errors
from lightbench.devices import Device
from lightbench.environment import free_cores
from lightbench.environment.allocator import facts
from lightbench.errors import LightbenchError, NotAvailable
from lightbench.processes import ending
from lightbench.records import Record
from lightbench.runner.control import Finish, Report, Say
from lightbench.runner.interleave import Group
from lightbench.runner.worker import Request
from lightbench.timing.stopping import Progress
from lightbench.workers import autoload
from lightbench.workers.worker import MARK

FELL_BACK = "fell back"  # how a device begins to say that something ran elsewhere


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

    def marked(i: int, record: Record) -> None:
        told = record.failure or any(said.startswith(FELL_BACK) for said in record.warnings)
        if i in fell and not told:  # a process says it of an operator once, whoever else has it
            said = f"{FELL_BACK}: operators without a kernel ran on the CPU."
            record = msgspec.structs.replace(record, warnings=(*record.warnings, said))
        finish(i, record)

    _in_child(group, device.strict or {}, say, progress, strictly)
    anchors = sorted(group.anchors.difference(fell))
    again = [[i, *anchors] for i in fell if i not in group.anchors]
    for members in [list(group.cases)] if fell and group.sweep else again:
        say("operators without a kernel: once more, with the CPU for those")
        _in_child(_part(group, members), {}, say, progress, marked)


def _part(group: Group, members: Sequence[int]) -> Group:
    return Group(
        cases={i: group.cases[i] for i in members},
        sweep={i: group.sweep[i] for i in members if i in group.sweep},
        rule=group.rule,
        errors=group.errors,
        anchors=group.anchors.intersection(members),
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
        anchors=group.anchors,
        rule=group.rule,
        seed=group.seed,
        trusted=group.trusted,
        keep_memory=bool(facts()),
    )
    for kind, value in answers(Request.__module__, request, environ, f"on {group.device}"):
        if kind == "say":
            say(value)
        elif kind == "progress" and progress:
            progress(msgspec.convert(value, Progress))
        elif kind == "record":
            finish(value[0], msgspec.convert(value[1], Record))


def answers(
    module: str, request: Any, environ: Mapping[str, str], what: str
) -> Iterator[tuple[str, Any]]:
    """What a process of its own says to a request: ``module`` is run there and calls `worker.serve`.
    ``what`` it measures, in words.

    Ctrl-C reaches the child too, which sends what it has; KeyboardInterrupt is raised then. Raises
    what the child raised, and NotAvailable if it dies. Whoever stops listening ends the child.
    """
    reader, writer = os.pipe()
    end = ""
    with (
        subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", module, str(writer)],
            env={**autoload.handed_on(os.environ), **free_cores.handed_on(), **environ, MARK: "1"},
            pass_fds=[writer],
            stdin=subprocess.PIPE,
        ) as child,
        os.fdopen(reader, "rb") as lines,
        _interrupts_left_to(child) as interrupts,
    ):
        os.close(writer)
        assert child.stdin is not None
        try:
            with suppress(BrokenPipeError), child.stdin as stdin:
                stdin.write(msgspec.json.encode(request))
            for kind, value in _lines(lines):
                if kind == "error":
                    raise again(value)  # noqa: TRY301  the child ends, whoever raises
                if kind == "end":
                    end = value
                else:
                    yield kind, value
        except BaseException:  # also of the one who listens: a generator that is closed
            child.kill()
            raise
    code = child.wait()
    if interrupts or end == "interrupted":
        raise KeyboardInterrupt
    if not end:
        raise NotAvailable(
            f"the process that measures {what} ended early: {ending(code)}.",
            "Does the network run by itself? `lightbench doctor --selftest` tries the device.",
        )


@contextmanager
def _interrupts_left_to(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Collects Ctrl-C: it is the child's business, and what that still sends is waited for; a second
    one ends a child that does not."""
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) > 1:
            child.kill()

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread, which is the one that gets it
        yield seen
        return
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _lines(pipe: Any) -> Iterator[tuple[str, Any]]:
    for line in pipe:
        if not line.endswith(b"\n"):  # what a process that was killed had begun to say
            return
        yield json.loads(line)


def again(value: Mapping[str, Any]) -> LightbenchError:
    """The error that another process has told of, of the same kind."""
    kind = getattr(errors, str(value.get("error")), LightbenchError)
    error: LightbenchError = kind.__new__(kind)
    LightbenchError.__init__(error, value["message"], value["hint"])
    error.exit_code = value["exit_code"]
    return error
