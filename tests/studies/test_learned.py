"""A network with what it has learned."""

from __future__ import annotations

import msgspec
import pytest
import torch
from torch import nn

from lightbench import datasets
from lightbench.datasets.support.preparation import Preparation
from lightbench.errors import ModelError, UsageError
from lightbench.studies.learned import (
    MEAN,
    About,
    check_classes,
    learned,
    outputs_of,
    preparation_for,
)

HOW = Preparation(side=8, mean=(0.5,), std=(0.25,))
ABOUT = About(model="net", data="digits", classes=("zero", "one"), preparation=HOW, seed=3)


class Net(nn.Module):
    def __init__(self, classes=2):
        super().__init__()
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        return self.head(x.flatten(1))


@pytest.fixture
def file(tmp_path):
    state = {name: torch.full_like(t, 0.5) for name, t in Net().state_dict().items()}
    about = msgspec.json.encode(ABOUT).decode()
    torch.save({"about": about, "weights": state}, tmp_path / "w.pt")
    return str(tmp_path / "w.pt")


def test_weights_come_with_what_was_noted_beside_them(file):
    found = learned(Net(), file, input="1x8x8")
    assert found.about == ABOUT
    assert (
        preparation_for(found, datasets.find("cifar10")) == HOW
    )  # the stored one, whatever else is said
    assert torch.all(found.network.head.weight == 0.5)
    assert not found.network.training


def test_weights_of_others_have_no_note_and_data_say_how_images_are_prepared(tmp_path):
    torch.save(Net().state_dict(), tmp_path / "w.pt")
    found = learned(Net(), str(tmp_path / "w.pt"), input="1x8x8")
    digits = datasets.find("digits")
    assert found.about is None
    assert preparation_for(found, digits).mean == tuple(digits.plugin.MEAN)
    assert preparation_for(found, None).mean == pytest.approx((sum(MEAN) / 3,))
    assert preparation_for(learned("mobilenet_v1_cifar", None), None).mean == MEAN


def test_a_note_that_is_none_is_said(file):
    content = torch.load(file, weights_only=True) | {"about": '{"model": 3}'}
    torch.save(content, file)
    with pytest.raises(UsageError, match="is no note of `lightbench train`"):
        learned(Net(), file, input="1x8x8")


def test_networks_without_weights_of_a_file_are_as_they_are_built():
    assert outputs_of(learned("mobilenet_v1_cifar", None)) == 10


@pytest.mark.parametrize("given", ["128:int64", "3x32", "4x32x32", "3x32x16"])
def test_what_takes_no_square_image_is_refused(given):
    with pytest.raises(UsageError, match="takes no square image"):
        learned(Net(), None, input=given)


def test_a_network_that_answers_otherwise_or_fails_is_said():
    class Maps(nn.Module):
        def forward(self, x):
            return x

    with pytest.raises(ModelError, match="Maps does not classify"):
        outputs_of(learned(Maps(), None, input="1x8x8"))
    with pytest.raises(ModelError, match="Net does not take images of 1x9x9"):
        outputs_of(learned(Net(), None, input="1x9x9"))


def test_as_many_classes_as_the_data_have():
    network = learned(Net(classes=3), None, input="1x8x8")
    check_classes(network, "three", ("a", "b", "c"))
    with pytest.raises(UsageError, match="Net answers with 3 classes, and digits has 10"):
        check_classes(network, "digits", tuple("0123456789"))
