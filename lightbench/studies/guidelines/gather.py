"""The guideline experiments on this device."""

from __future__ import annotations

import math

import msgspec

from lightbench.studies.guidelines.plan import SCALES, plan, seconds_of
from lightbench.studies.sweep.plan import Sweep
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.task import Task

ORDER = 50


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `lightbench guidelines` takes. ``seconds`` is for a sweep at width 1; wider ones get more."""

    names: tuple[str, ...] = ()
    channels: tuple[str, ...] = SCALES["quick"].channels
    widths: tuple[int, ...] = (1, 2, 4)
    seconds: float = SCALES["quick"].seconds

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ValueError("seconds are a number above zero")
        if not self.widths:
            raise ValueError("no width is named")
        self.plan()

    def plan(self) -> list[Sweep]:
        """The sweeps that these settings ask for. Raises UnknownName, UsageError."""
        return plan(self.names, channels=self.channels, widths=self.widths)


def gather(task: Task, settings: Settings) -> None:
    """Once for each setup of the cases."""
    for setup in task.setups():
        measure_all(
            settings.plan(),
            setup,
            seconds=lambda sweep: seconds_of(sweep, settings.seconds),
            stored=task.known,
            force=task.force,
            say=task.say,
            progress=task.progress,
            keep=task.keep,
        )
