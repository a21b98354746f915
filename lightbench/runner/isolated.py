"""What `interleave` does, in a process of its own: for a device whose package changes the process it is
in, and which does silently elsewhere what it cannot do itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from lightbench.devices import Device
from lightbench.environment import free_cores
from lightbench.environment.allocator import facts
from lightbench.records import Record
from lightbench.runner.control import Finish, Report, Say, SoFar
from lightbench.runner.interleave import Group
from lightbench.runner.worker import Request
from lightbench.timing.stopping import Progress
from lightbench.workers.manager import answers

FELL_BACK = "fell back"  # how a device begins to say that something ran elsewhere


def measure(
    group: Group,
    device: Device,
    *,
    say: Say,
    progress: Report | None,
    finish: Finish,
    so_far: SoFar | None = None,  # noqa: ARG001  not over a pipe
) -> None:
    """What `interleave.measure` does, in a process in which operators without a kernel are errors.

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
    variables = {**free_cores.handed_on(), **environ}
    for kind, value in answers(Request.__module__, request, variables, f"on {group.device}"):
        if kind == "say":
            say(value)
        elif kind == "progress" and progress:
            progress(msgspec.convert(value, Progress))
        elif kind == "record":
            finish(value[0], msgspec.convert(value[1], Record))
