"""torchvision in a user's own file where its compiled operators do not load, as beside CPU torch."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

import lightbench as lb
from lightbench.errors import MissingPackage
from lightbench.models import torchvision as ours

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="needs torchvision"
)


@pytest.fixture(scope="module")
def torchvision():
    """Without its operators; a test of a torchvision that has them would be of torchvision."""
    module = ours.import_torchvision()
    if not ours._COMPLETING.declared:
        pytest.skip("torchvision's operators load here")
    return module


USERS = """
import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.ops import DeformConv2d, nms, roi_align

class Nms(nn.Module):
    def forward(self, x):
        return nms(x[0], x[0, :, 0], 0.5)

class Roi(nn.Module):
    def forward(self, x):
        return roi_align(x, [torch.tensor([[0.0, 0, 4, 4]], device=x.device)], 2)

class Deform(nn.Module):
    def __init__(self):
        super().__init__(); self.a = DeformConv2d(3, 8, 3)
    def forward(self, x):
        return self.a(x, torch.zeros(len(x), 18, 6, 6, device=x.device))
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    (tmp_path / "net_tv.py").write_text(USERS)
    monkeypatch.chdir(tmp_path)
    yield "net_tv.py"
    sys.modules.pop("net_tv", None)


def test_a_users_file_may_import_it(torchvision, users):
    assert (
        lb.count(f"{users}:resnet18").costs.madds == 1_814_073_344
    )  # of its own weights' metadata


@pytest.mark.parametrize(
    ("network", "size"), [("Nms", "5x4"), ("Roi", "3x8x8"), ("Deform", "3x8x8")]
)
def test_networks_with_its_operators_are_counted(network, size, torchvision, users):
    assert lb.count(f"{users}:{network}", input=size).costs.ops


def test_every_operator_it_was_written_for_is_there(torchvision):
    for name in ours.OPERATORS:
        assert getattr(torch.ops.torchvision, name).default._schema.name == f"torchvision::{name}"
    meta = {"dtype": torch.float32, "device": "meta"}
    pooled = torch.ops.torchvision.ps_roi_align(
        torch.empty(2, 8, 9, 9, **meta), torch.empty(5, 5, **meta), 1.0, 2, 2, 2
    )
    assert pooled[0].shape == (5, 2, 2, 2)


def test_boxes_that_overlap_with_a_better_one_are_left_out(torchvision):
    boxes = torch.tensor([
        [0.0, 0, 10, 10],
        [0, 0, 10, 5],  # half of the first: its IoU is 0.5
        [0, 0, 10, 6],  # 0.6 of the first, and the best of all: 5/6 of the second
        [20, 20, 30, 30],
    ])  # fmt: skip
    scores = torch.tensor([0.8, 0.7, 0.9, 0.1])
    nms = torchvision.ops.nms
    assert nms(boxes, scores, 0.55).tolist() == [2, 3]
    assert nms(boxes, scores, 0.7).tolist() == [2, 0, 3]
    assert nms(boxes, scores, 0.9).tolist() == [2, 0, 1, 3]
    assert nms(boxes[:0], scores[:0], 0.5).tolist() == []


def test_a_region_of_one_value_pools_to_that_value(torchvision):
    images = torch.full((1, 2, 8, 8), 3.0)
    pooled = torchvision.ops.roi_align(images, [torch.tensor([[1.0, 1, 5, 5]])], 2)
    assert torch.equal(pooled, torch.full((1, 2, 2, 2), 3.0))


def test_what_cannot_run_says_what_to_install(torchvision):
    layer = torchvision.ops.DeformConv2d(3, 8, 3)
    with pytest.raises(MissingPackage, match="deform_conv2d does not run here") as caught:
        layer(torch.ones(1, 3, 8, 8), torch.zeros(1, 18, 6, 6))
    assert "pip install torchvision" in caught.value.hint


def test_it_is_not_imported_until_somebody_asks(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    loaded = "torchvision" in sys.modules
    ours.complete_torchvision()
    ours.complete_torchvision()
    assert ("torchvision" in sys.modules) == loaded
    assert sys.meta_path.count(ours._COMPLETING) == 1
