"""Where the time of a call goes, operator by operator."""

from __future__ import annotations

import math

import msgspec

from lightbench.records import Case, Record
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.task import Task, settings_of

ORDER = 20


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``seconds`` for each network."""

    seconds: float = 3.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ValueError("seconds are a number above zero")


def gather(task: Task, settings: Settings) -> None:
    """Every case that eager runs."""

    def measure(case: Case) -> Record:
        return measure_layers(
            case.model,
            **settings_of(case),
            seconds=settings.seconds,
            trusted=task.trusted,
            progress=task.progress,
        ).record

    task.each("layers", measure)
