"""How far a training is, in words: what matters most first, since a terminal may have no room for all."""

from __future__ import annotations

from lightbench import units
from lightbench.studies.train.loop import Step


def parts(epoch: int, step: Step, epochs: int) -> tuple[str, ...]:
    """Of a step of ``epoch``, the first of which is 0; the time left is that of learning, at the speed of this epoch, and after its last step
    comes the test."""
    left = (epochs - epoch) * step.steps - step.step
    return (
        f"epoch {epoch + 1}/{epochs}, step {step.step}/{step.steps}",
        f"{units.seconds(left * step.step_s)} left" if step.step < step.steps else "testing",
        f"loss {units.number(step.loss)}",
        f"accuracy {units.percent(step.accuracy)}",
        f"lr {units.number(step.lr)}",
        f"{units.number(step.images_s)} images/s",
    )
