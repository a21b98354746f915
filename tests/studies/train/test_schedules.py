"""The learning rate of every step, held against the formulas; and what no schedule can be."""

from __future__ import annotations

import math

import pytest
import torch

from lightbench.errors import UsageError
from lightbench.studies.train import schedules

near = pytest.approx


def rates(text, steps, epochs, losses=None):
    """Those of all steps, from 1 on the highest."""
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule = schedules.make(text, optimizer, steps=steps, epochs=epochs)
    found = []
    for epoch in range(epochs):
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            weight.grad = torch.zeros(1)
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch(losses[epoch] if losses else 1.0)
    return found


def test_one_cycle_rises_from_a_25th_to_the_highest_and_falls_to_nearly_nothing():
    """30 % of 20 steps rise: the sixth is the highest; the last is 1 / 25 / 10,000."""
    found = rates("onecycle", 5, 4)
    assert found[0] == near(1 / 25)
    assert max(found) == found[5] == near(1)
    assert found[-1] == near(1 / 25 / 1e4)


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (2, 1), (1, 2)])
def test_of_fewer_than_three_steps_there_is_no_cycle_and_all_learn(steps, epochs):
    """A single one would be at 1 / 250,000 of the rate."""
    assert rates("onecycle", steps, epochs) == [1.0] * (steps * epochs)


@pytest.mark.parametrize(("start", "total"), [(0.1, 10), (0.5, 4), (0.25, 4), (0.2, 5)])
def test_a_cycle_whose_rise_is_one_step_long_begins_low(start, total):
    """PyTorch's own divides by zero there, for 0.1 of 10 steps."""
    found = rates(f"onecycle:pct_start={start}", total, 1)
    assert found[0] == near(1 / 25)
    assert found[1:] == sorted(found[1:], reverse=True) or max(found) == found[1]


def test_a_cosine_is_half_at_half_of_the_way():
    found = rates("cosine", 5, 4)
    assert found == near([(1 + math.cos(math.pi * i / 20)) / 2 for i in range(20)])


def test_a_cosine_with_warmup_rises_in_a_line_from_a_hundredth_and_then_falls():
    found = rates("cosine:warmup=1", 5, 4)
    assert found[:5] == near([0.01 + 0.99 * i / 5 for i in range(5)])
    assert found[5:] == near([(1 + math.cos(math.pi * i / 15)) / 2 for i in range(15)])


@pytest.mark.parametrize(("warmup", "epochs"), [(5, 4), (4, 4), (1, 1)])
def test_a_warmup_that_leaves_no_epoch_is_refused(warmup, epochs):
    with pytest.raises(UsageError, match=f"rises for {warmup} epochs, and of {epochs} none"):
        rates(f"cosine:warmup={warmup}", 5, epochs)


@pytest.mark.parametrize(
    ("text", "epochs", "found"),
    [
        ("multistep", 4, [1, 1, 0.1, 0.01]),
        ("multistep", 2, [1, 0.1]),  # half and three quarters are one epoch: it is not a hundredth
        ("multistep", 1, [1]),
        ("multistep:milestones=[3,1],gamma=0.5", 4, [1, 0.5, 0.5, 0.25]),
        ("constant", 3, [1, 1, 1]),
    ],
)
def test_steps_are_a_tenth_each(text, epochs, found):
    assert rates(text, 1, epochs) == near(found)


def test_on_a_plateau_it_falls_after_its_patience():
    found = rates("plateau:patience=1,factor=0.5", 1, 5, losses=[1.0, 0.5, 0.5, 0.5, 0.4])
    assert found == near([1, 1, 1, 1, 0.5])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("onecycle:pct_start=1", "pct_start of onecycle is wrong: Expected `float` < 1"),
        ("onecycle:pct_start=[1]", "Expected `float`, got `array`"),
        ("onecycle:div_factor=0", "div_factor of onecycle is wrong: Expected `float` > 0"),
        ("onecycle:final_div_factor=0", "final_div_factor"),
        ("cosine:warmup=-1", "Expected `int` >= 0"),
        ("cosine:warmup=0.5", "Expected `int`, got `float`"),
        ("multistep:milestones=5", "Expected `array`, got `int`"),
        ("multistep:gamma=-1", "gamma of multistep"),
        ('multistep:gamma="a"', "Expected `float`, got `str`"),
        ("plateau:factor=1", "factor of plateau"),
        ("plateau:patience=-1", "patience of plateau"),
        ('plateau:min_lr="x"', "min_lr of plateau"),
    ],
)
def test_a_value_that_is_none_of_its_argument_is_said(text, said):
    with pytest.raises(UsageError, match=said):
        rates(text, 2, 2)
