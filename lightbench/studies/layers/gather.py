"""Where the time of a call goes, operator by operator."""

from __future__ import annotations

from msgspec.structs import asdict

from lightbench.records import Case, Record
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.settings import Settings
from lightbench.studies.task import Task, settings_of

ORDER = 20


def gather(task: Task, settings: Settings) -> None:
    """Every case that eager runs."""

    def measure(case: Case) -> Record:
        return measure_layers(
            case.model,
            **settings_of(case),
            **asdict(settings),
            trusted=task.control.trusted,
            progress=task.control.progress,
        ).record

    task.each("layers", measure)
