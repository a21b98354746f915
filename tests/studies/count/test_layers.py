"""The layers of a counted network: a sequence of operators, and tables."""

from __future__ import annotations

import msgspec
import pytest
import tools  # tests/golden: makes torchvision importable
import torch
from torchinfo import summary

import lightbench as lb
from lightbench.errors import UnknownName
from lightbench.formats.table import render
from lightbench.records import Op
from lightbench.studies.count.layers_table import layers_view

assert tools
NAME = "mobilenet_v2_x0_35"


@pytest.fixture(scope="module")
def layers():
    return lb.count(NAME).layers


def named(view):
    return [view.table.named(row) for row in view.table.rows]


def test_they_are_a_sequence_of_operators(layers):
    assert all(isinstance(op, Op) for op in layers)
    assert (layers[0].path, len(layers), layers[-1].op) == (
        "features.0.0",
        len([*layers]),
        "linear",
    )
    assert [op.op for op in layers[:2]] == ["conv2d", "batch_norm"]
    assert layers == lb.count(NAME).layers
    assert layers[0] in layers


def test_and_a_table(layers):
    frame = layers.to_pandas()
    assert list(frame["layer"])[:2] == ["features.0.0", "features.0.1"]
    assert frame["madds"].iloc[-1] == sum(op.madds for op in layers)
    assert frame["params"].iloc[-1] == layers.costs.params
    assert repr(layers).startswith(f"Layers of {NAME}")
    assert "<table" in layers._repr_html_()


def test_without_any_known_params_there_is_no_column_of_them(layers):
    bare = tuple(msgspec.structs.replace(op, params=None) for op in layers)
    costs = msgspec.structs.replace(layers.costs, ops=bare)
    shown = {column.key for column in layers_view(costs, bare, "Layers").table.for_people().columns}
    assert "madds" in shown
    assert "params" not in shown


@pytest.mark.parametrize("by", ["kind", "group", "op", "module"])
def test_groups_add_up_to_the_network(layers, by):
    *rows, total = named(layers.by(by))
    for key in ("params", "madds", "mem_bytes", "fused_bytes", "operators"):
        assert sum(row[key] for row in rows) == total[key]
    assert total["madds"] == layers.costs.madds
    assert sum(row["madds_share"] for row in rows) == pytest.approx(1)


def test_groups_that_are_not_there_are_refused(layers):
    with pytest.raises(UnknownName, match="Did you mean kind"):
        layers.by("kinds")


def test_mobilenet_v1_is_where_its_paper_says():
    """MobileNets (arXiv:1704.04861), table 2: share of multiply-adds and of parameters."""
    rows = {row["kind"]: row for row in named(lb.count("mobilenet_v1").layers.by("kind"))}
    table = {
        "pointwise conv": (0.9486, 0.7459),
        "depthwise conv": (0.0306, 0.0106),
        "dense conv": (0.0191, 0.0002),  # printed is 1.19 %, with which all would be 99.3 %
        "linear": (0.0018, 0.2433),
    }
    for kind, (madds, params) in table.items():
        assert rows[kind]["madds_share"] == pytest.approx(madds, abs=0.0006)
        assert rows[kind]["params_share"] == pytest.approx(params, abs=0.006)


@pytest.mark.parametrize("name", ["torchvision:vgg11", "torchvision:mobilenet_v2"])
def test_sizes_are_torchinfos_where_both_count_the_same(name):
    network = lb.load_model(name)
    sizes = lb.count(network, input="3x64x64").layers.sizes
    theirs = summary(network, input_data=torch.zeros(1, 3, 64, 64), verbose=0)
    assert sizes.params == theirs.total_params
    assert sizes.trainable == theirs.trainable_params
    assert sizes.input_bytes == 4 * 3 * 64 * 64
    layers = lb.count(network, input="3x64x64").layers
    assert sizes.activation_bytes == sum(op.write_bytes for op in layers)
    # It adds up what layers with parameters return, twice: forwards and backwards.
    assert 2 * sum(op.write_bytes for op in layers if op.params) == theirs.total_output_bytes


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_answer_is_there_at_every_width(layers, width):
    text = render(layers.view, width=width)
    for heading in ("layer", "MAdds", "mem"):
        assert heading in text.partition("---")[0]
    if width >= 80:
        assert "MAdds/byte" in text.partition("---")[0]
        assert "params" in text.partition("---")[0]


def test_formulas_stand_beside_the_ratio_to_the_dense_convolution(layers):
    rows = {row["layer"]: row for row in named(layers.formulas())}
    depthwise = rows["features.1.conv.0.0"]
    assert (depthwise["formula"], depthwise["of_dense"]) == ("3·3·16·16/16·112·112", "1/16")
    assert rows["features.1.conv.1"]["separable"].startswith("1/8 + 1/9 = 23.6 %")
    assert rows["total"]["madds"] == layers.costs.madds
    assert all(row["madds"] for row in rows.values())
