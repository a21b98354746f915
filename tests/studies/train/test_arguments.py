"""Optimisers and schedules as they are written."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.train import optimizers, schedules
from lightbench.studies.train.settings import Settings


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
        (schedules, "onecycle:pct_start=7", "pct_start of onecycle is wrong"),
        (schedules, 'plateau:factor="half"', "factor of plateau is wrong"),
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
