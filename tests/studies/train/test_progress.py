"""How far a training is, in words."""

from __future__ import annotations

from lightbench.studies.train.loop import Step
from lightbench.studies.train.progress import parts


def test_what_is_left_are_the_steps_that_are_left_at_the_speed_of_this_epoch():
    """In the third epoch of ten, after 12 of 45 steps of 0.5 s: (8 x 45 - 12) x 0.5 s: 174 s."""
    step = Step(12, 45, loss=0.5, accuracy=0.87, lr=0.04, images_s=70.0, step_s=0.5)
    assert parts(2, step, 10) == (
        "epoch 3/10, step 12/45",
        "174 s left",
        "loss 0.500",
        "accuracy 87.0 %",
        "lr 0.0400",
        "70.0 images/s",
    )


def test_after_the_last_step_it_is_tested_and_no_time_is_left_to_learn():
    step = Step(45, 45, loss=0.5, accuracy=0.87, lr=0.04, images_s=70.0, step_s=0.5)
    assert parts(9, step, 10)[:2] == ("epoch 10/10, step 45/45", "testing")
