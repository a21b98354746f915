"""Whose parameters are whose: each one is of the operator that reads it first."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.records import SCHEMA, store


def params(network, **how):
    return {op.op: op.params for op in lb.count(network, **how).layers}


def test_a_row_has_the_parameters_that_its_operator_reads():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.PReLU(), nn.Flatten(), nn.Linear(8 * 36, 10)
    )
    assert params(network, input="3x8x8") == {
        "conv2d": 3 * 3 * 3 * 8 + 8,
        "batch_norm": 2 * 8,  # its running mean and variance are buffers
        "prelu": 1,
        "linear": 8 * 36 * 10 + 10,
    }


class Twice(nn.Module):
    """One layer twice, one that nobody calls, and a parameter of the network's own."""

    def __init__(self):
        super().__init__()
        self.f, self.unused = nn.Linear(4, 4), nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x):
        return self.f(self.f(x)) * self.scale + self.shift


def test_what_is_read_twice_counts_once_and_what_is_not_read_or_no_parameter_in_no_row():
    found = lb.count(Twice(), input="4")
    assert [(op.op, op.params) for op in found.layers] == [
        ("linear", 20),
        ("linear", 0),
        ("mul", 4),
        ("add", 0),
    ]
    assert found.costs.params == 44


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2_x1_0", "torchvision:vit_b_16"])
def test_rows_add_up_to_the_network_where_all_is_read(name):
    costs = lb.count(name).costs
    assert sum(op.params for op in costs.ops) == costs.params


def test_a_view_of_a_parameter_is_the_parameter():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.zeros(1, 5, 8)
    found = lb.count(attention, args=(x, x + 1, x + 2))  # projections of a third of one matrix each
    assert sum(op.params for op in found.layers) == found.costs.params == 4 * 64 + 4 * 8


@pytest.mark.filterwarnings("ignore")
def test_packed_weights_are_of_the_layer_that_holds_them():
    network = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 4), nn.ReLU()))
    assert [op.params for op in lb.count(network, input="8").layers] == [36, 0]


def test_records_of_before_do_not_say_it(make_record, tmp_path):
    found = lb.layers(Twice(), input="4", seconds=0.01, threads=1).record
    assert [op.params for op in found.costs.ops] == [20, 0, 4, 0]
    store.append(tmp_path / "new.jsonl", [found])
    (again,) = store.read(tmp_path / "new.jsonl")
    assert again == found
    old = (
        (tmp_path / "new.jsonl").read_text().replace('"params":0,', "").replace('"params":20,', "")
    )
    old = old.replace('"params":4,', "").replace(f'"schema":{SCHEMA}', '"schema":10')
    (tmp_path / "old.jsonl").write_text(old)
    (again,) = store.read(tmp_path / "old.jsonl")
    assert [op.params for op in again.costs.ops] == [None] * 4
