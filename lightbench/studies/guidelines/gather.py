"""The guideline experiments on this device."""

from __future__ import annotations

from lightbench.studies.guidelines.plan import seconds_of
from lightbench.studies.guidelines.settings import Settings
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.task import Task

ORDER = 50


def gather(task: Task, settings: Settings) -> None:
    """Once for each setup of the cases."""
    for setup in task.setups():
        measure_all(
            settings.plan(),
            setup,
            seconds=lambda sweep: seconds_of(sweep, settings.each_s),
            control=task.control,
        )
