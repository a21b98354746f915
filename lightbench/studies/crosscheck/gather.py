"""Second opinions on the counts: the installed thop and fvcore."""

from __future__ import annotations

from msgspec import Struct

from lightbench.records import Case, Record
from lightbench.runner.record import untimed
from lightbench.studies.count.api import count
from lightbench.studies.task import Task

ORDER = 40


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """There is nothing to set."""


def gather(task: Task, settings: Settings) -> None:  # noqa: ARG001
    """Every case that eager runs."""

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

    task.each("crosscheck", measure)
