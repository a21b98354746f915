"""What the device attains: the roofline's ceilings, in a minute."""

from __future__ import annotations

import msgspec

from lightbench.studies.card.plan import SECONDS, plan_card
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.task import Task

ORDER = 10


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``speed`` divides the time that a card takes: 2 is half a minute and wider intervals."""

    speed: float = 1.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.speed <= 10:
            raise ValueError("speed is between 0.1 and 10")


def gather(task: Task, settings: Settings) -> None:
    """One card for each setup of the cases."""
    for setup in task.setups():
        measure_all(
            plan_card(),
            setup,
            seconds=lambda sweep: SECONDS[sweep.experiment] / settings.speed,
            stored=task.known,
            force=task.force,
            say=task.say,
            progress=task.progress,
            keep=task.keep,
        )
