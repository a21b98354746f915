"""What the device attains: the roofline's ceilings, in a minute."""

from __future__ import annotations

from lightbench.studies.card.plan import SECONDS, plan_card
from lightbench.studies.card.settings import Settings
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.task import Task

ORDER = 10


def gather(task: Task, settings: Settings) -> None:
    """One card for each setup of the cases."""
    for setup in task.setups():
        measure_all(
            plan_card(),
            setup,
            seconds=lambda sweep: SECONDS[sweep.experiment] / settings.speed,
            control=task.control,
        )
