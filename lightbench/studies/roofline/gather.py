"""What the device can do at best: the peaks that every network is held against."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import asdict

from lightbench.records.axes import SETUP
from lightbench.studies.roofline.api import roofline
from lightbench.studies.roofline.points import EAGER
from lightbench.studies.roofline.settings import Settings
from lightbench.studies.task import Task

ORDER = 15


def gather(task: Task, settings: Settings) -> None:
    """The peaks of each setup of the cases; those of another engine have eager's beside them."""
    setups = task.setups()
    beside = {replace(setup, engine=EAGER) for setup in setups if setup.engine != EAGER}
    control = task.control
    for setup in setups:
        if setup not in beside:
            roofline(
                **{axis: getattr(setup, axis) for axis in SETUP},
                **asdict(settings),
                trusted=control.trusted,
                seed=control.seed,
                stored=control.stored,
                force=control.force,
                keep=control.keep,
                say=control.say,
                progress=control.progress,
            )
