"""Modules with all that is in them, against torchinfo."""

from __future__ import annotations

import pytest
import tools  # tests/golden: makes torchvision importable
import torch
from torch import nn
from torchinfo import summary

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.studies.count.tree import branches, modules_of

assert tools
NAMES = "mobilenet_v2 shufflenet_v2_x1_0 torchvision:resnet18 torchvision:squeezenet1_1 torchvision:vit_b_16"


def path_of(info):
    if info.parent_info is None:
        return ""
    above = path_of(info.parent_info)
    return f"{above}.{info.var_name}" if above else info.var_name


@pytest.mark.parametrize("name", NAMES.split())
def test_params_of_every_module_are_torchinfos(name):
    network = lb.load_model(name)
    found = {m.path: (m.name, m.params, m.trainable) for m in modules_of(network)}
    theirs = summary(network, input_data=torch.zeros(1, 3, 224, 224), verbose=0).summary_list
    assert {
        path_of(info): (info.class_name, info.num_params, info.trainable_params)
        for info in theirs
        if not info.is_recursive
    }.items() <= found.items()
    assert len(theirs) > 20


@pytest.mark.parametrize("name", NAMES.split())
def test_every_level_of_the_tree_adds_up_to_the_network(name):
    layers = lb.count(name).layers
    for depth in (1, 2):
        table = layers.tree(depth).table
        rows = [table.named(row) for row in table.rows]
        assert (rows[0]["layer"], rows[0]["madds"]) == ("", layers.costs.madds)
        assert rows[0]["params"] == layers.costs.params
        top = [row for row in rows if row["depth"] == 1]
        for key in ("params", "madds", "mem_bytes", "operators"):
            own = [op for op in layers if not op.path]  # what the network does itself
            extra = {"madds": sum(op.madds for op in own), "params": sum(op.params for op in own),
                     "mem_bytes": sum(op.mem_bytes for op in own), "operators": len(own)}[key]  # fmt: skip
            assert sum(row[key] for row in top) + extra == rows[0][key]


class Tied(nn.Module):
    """Two names for one layer, a weight in two layers, a frozen layer, one that nobody calls."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4, bias=False)
        self.again = self.a
        self.b = nn.Linear(4, 4)
        self.b.weight = self.a.weight
        self.frozen = nn.Linear(4, 4, bias=False).requires_grad_(False)
        self.unused = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        return self.frozen(self.b(self.again(self.a(x))))


def test_what_stands_in_several_places_counts_in_the_first_and_what_is_frozen_is_not_trained():
    found = {m.path: (m.params, m.trainable) for m in modules_of(Tied())}
    assert found == {"": (44, 28), "a": (16, 16), "b": (4, 4), "frozen": (16, 0), "unused": (8, 8)}
    layers = lb.count(Tied(), input="4").layers
    assert [b.name for b in branches(layers, layers.modules, 1)] == [
        "",
        "a",
        "b",
        "frozen",
        "unused",
    ]
    assert layers.sizes.trainable == 28


def test_depth_ends_the_tree_and_0_is_the_network():
    layers = lb.count("mobilenet_v2").layers
    assert [b.name for b in branches(layers, layers.modules, 0)] == [""]
    assert {b.depth for b in branches(layers, layers.modules, 2)} == {0, 1, 2}
    with pytest.raises(UsageError, match="0 or more"):
        layers.tree(-1)


def test_without_modules_the_tree_is_of_what_operators_name():
    layers = lb.count("mobilenet_v2").layers
    known = [b for b in branches(layers, layers.modules, 3) if b.ops]
    named = branches(layers, (), 3)
    assert [b.name for b in named] == [b.name for b in known]
    assert [b.madds for b in named] == [b.madds for b in known]
    assert {b.params for b in named} == {None}
