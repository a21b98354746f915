"""Optimisers and schedules as they are written."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.train import optimizers, schedules
from lightbench.studies.train.settings import Settings

near = pytest.approx


def rates(text, *, steps=4, epochs=10, lr=1.0, losses=None):
    """The learning rate of each step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = schedules.make(text, optimizer, steps=steps, epochs=epochs)
    found = []
    for epoch in range(epochs):
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch(losses[epoch] if losses else 1.0)
    return found


def test_an_optimizer_has_its_usual_arguments_unless_others_are_said():
    made = optimizers.make("sgd:momentum=0.8,nesterov=true", nn.Linear(2, 2), None)
    assert made.defaults["momentum"] == 0.8
    assert made.defaults["nesterov"] is True
    assert (made.defaults["lr"], made.defaults["weight_decay"]) == (0.1, 5e-4)
    assert optimizers.make("adamw", nn.Linear(2, 2), 0.2).defaults["lr"] == 0.2
    assert optimizers.make("adam:betas=[0.5,0.9]", nn.Linear(2, 2), None).defaults["betas"] == (0.5, 0.9)  # fmt: skip


def test_frozen_weights_are_not_trained_and_without_others_nothing_is():
    network = nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    assert [len(g["params"]) for g in optimizers.make("sgd", network, None).param_groups] == [1]
    with pytest.raises(UsageError, match="no weights that could be trained"):
        optimizers.make("sgd", nn.ReLU(), None)


def test_one_cycle_rises_for_three_tenths_and_falls_to_nothing():
    """Smith and Topin 2017, as torch.optim writes it: it begins at a 25th, and ends at 1e-4 of that."""
    found = rates("onecycle")
    assert found[0] == near(1 / 25)
    assert max(found) == near(1.0)
    assert found.index(max(found)) == 11  # 0.3 x 40 steps - 1
    assert found[-1] == near(1 / 25e4)


def test_a_cosine_rises_in_a_line_and_falls_to_nothing():
    found = rates("cosine:warmup=2")
    assert found[:9] == near([0.01 + 0.99 * i / 8 for i in range(9)], abs=1e-6)
    assert found[8 + 16] == near(0.5)  # half of the 32 steps that are left
    assert found == sorted(found[:9]) + sorted(found[9:], reverse=True)
    assert rates("cosine")[0] == 1.0


def test_milestones_are_half_and_three_quarters_unless_said():
    assert rates("multistep", steps=1) == near([1.0] * 5 + [0.1] * 2 + [0.01] * 3)
    assert rates("multistep:milestones=[2,3],gamma=0.5", steps=1) == near([1, 1, 0.5] + [0.25] * 7)


def test_on_a_plateau_it_falls_after_patience():
    assert rates("plateau:patience=1", steps=1, epochs=5, losses=[3, 2, 2, 2, 1]) == near([1, 1, 1, 1, 0.1])  # fmt: skip
    assert set(rates("constant")) == {1.0}


@pytest.mark.parametrize(
    ("make", "text", "said"),
    [
        (optimizers, "lion", "no optimizer is called 'lion'"),
        (optimizers, "sgd:momentum", "has no argument 'momentum'"),
        (optimizers, "sgd:lr=1", "has no argument 'lr=1'"),
        (optimizers, "sgd:momentum=much", "'much' is no value of momentum"),
        (optimizers, "sgd:momentum=-1", "sgd refuses its arguments"),
        (optimizers, "adam:betas=[2,3]", "adam refuses its arguments"),
        (schedules, "linear", "no schedule is called 'linear'"),
        (schedules, "cosine:steps=3", "has no argument 'steps=3'"),
        (schedules, "onecycle:pct_start=7", "onecycle refuses its arguments"),
        (schedules, 'plateau:factor="half"', "plateau refuses its arguments"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(make, text, said):
    with pytest.raises(UsageError, match=said):
        if make is optimizers:
            make.make(text, nn.Linear(2, 2), 0.1)
        else:
            optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
            make.make(text, optimizer, steps=2, epochs=2)


def test_the_names_that_are_known_are_suggested():
    with pytest.raises(UnknownName, match="Did you mean adam"):
        optimizers.named("adan")


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0}, {"epochs": 1.5}, {"epochs": True}, {"batch": -1}, {"lr": 0.0}, {"lr": float("nan")},
        {"clip": -1.0}, {"ema": 1.0}, {"label_smoothing": -0.1}, {"seed": -1}, {"workers": -1}, {"resize": 0},
        {"patience": 0}, {"ema": "much"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Settings(**wrong)
