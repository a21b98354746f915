"""A network is evaluated on a device that another package brings."""

from __future__ import annotations

import pytest

EVALUATE = """
from types import SimpleNamespace
import lightbench, numpy as np, torch
from lightbench import datasets
from lightbench.datasets import Data, Split
from lightbench.datasets.support.arrays import Arrays
from torch import nn

# Ten images of two classes, dark and bright; the third is called dark and is bright.
labels = np.array([0, 1] * 5)
values = np.where((labels == 1) | (np.arange(10) == 2), 230, 20).astype(np.uint8)
images = values[:, None, None] * np.ones((1, 4, 4), np.uint8)
split = Split(Arrays(images, labels), ("dark", "bright"))
plugin = SimpleNamespace(MEAN=(0.0,), STD=(1.0,), SIDE=4, MIRRORED=False, split=lambda _place, train: split)
datasets.find = lambda _text: Data("made", None, plugin)

network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
with torch.no_grad():
    network[1].weight[:] = torch.tensor([[-1.0], [1.0]])
    network[1].bias[:] = torch.tensor([8.0, 0.0])

def asked(device):
    (record,) = lightbench.evaluate(network, data="made", input="1x4x4", device=device, batch=4, threads=1).records
    found = record.evaluation
    return [record.case.device, found.images, found.confusion, found.loss]

answer(sim=asked("sim:1"), cpu=asked("cpu"), left=next(network.parameters()).device.type)
"""


@pytest.mark.slow
def test_it_answers_as_on_the_host_and_every_image_counts_once(with_plugin):
    found = with_plugin(EVALUATE, SIM_APART="")
    device, images, confusion, loss = found["sim"]
    assert (device, images, confusion) == ("sim:1", 10, [[4, 1], [0, 5]])
    assert found["cpu"][1:3] == [10, [[4, 1], [0, 5]]]
    assert loss == pytest.approx(found["cpu"][3], rel=1e-5)
    assert found["left"] == "cpu"  # the network that is handed over stays where it is
