"""Second opinions on the counts: the installed thop and fvcore."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from lightbench.records import Case, Record
from lightbench.runner.record import untimed
from lightbench.studies.count.api import count
from lightbench.studies.task import EAGER, Task, eager_only

ORDER = 40


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """There is nothing to set."""


def gather(task: Task, settings: Settings) -> None:  # noqa: ARG001
    """Every case that eager runs: what it counts is that of any engine."""

    def measure(case: Case) -> Record:
        found = count(
            case.model,
            input=case.inputs,
            batch=case.batch,
            dtype=case.dtype,
            trusted=task.control.trusted,
        )
        checked = found.checked()
        return untimed(case, found.costs, identity=checked.identity, found=checked.found)

    def unable(case: Case) -> str | None:
        eager = msgspec.structs.replace(case, engine=EAGER)
        return None if case != eager and eager in task.cases else eager_only(case)

    task.each("crosscheck", measure, unable=unable)
