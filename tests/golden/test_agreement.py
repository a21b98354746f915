"""Every tool counts what its convention says that it counts, on networks of every kind."""

from __future__ import annotations

import msgspec
import networks
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import TOOLS, ours, theirs
from torch import nn

from lightbench.costs.conventions import CONVENTIONS, convert
from lightbench.costs.conventions.ptflops import MODULES
from lightbench.costs.conventions.thop import RULES
from lightbench.records.costs import Call, Costs, Kind, Op

# A tool that gives no count, and what stops it.
FAILS = {
    ("matrix times vector", "fvcore"): "IndexError",  # takes every second factor for a matrix
    ("encoder with padding", "torchinfo"): "RuntimeError",  # asks a nested tensor for its sizes
}
TIMM = (
    "test_vit",
    "test_nfnet",
    "test_byobnet",
    "test_resnet",
    "test_convnext",
    "test_efficientnet",
)


def agreement(name, network, args):
    """Tool by tool what it counts and what we say, where these differ."""
    network.eval()
    found = {tool: theirs(tool, network, args) for tool in TOOLS}
    for tool, count in found.items():
        if isinstance(count, str) and count.startswith(FAILS.get((name, tool), "?")):
            found[tool] = None
    expected = ours(network, args)
    return {t: (n, expected[t]) for t, n in found.items() if n not in (None, expected[t])}


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_tool_counts_what_its_convention_says(name):
    torch.manual_seed(0)
    assert agreement(name, *networks.NETWORKS[name]()) == {}


@pytest.mark.parametrize("name", TIMM)
def test_every_tool_counts_what_its_convention_says_of_timms_layers(name):
    timm = pytest.importorskip("timm")
    network = timm.create_model(name)
    assert agreement(name, network, (torch.randn(1, *network.default_cfg["input_size"]),)) == {}


SHAPES = st.lists(st.integers(0, 5), max_size=5).map(tuple)
COUNTS = st.integers(0, 2**20)
OPERATORS = (
    *("batch_norm", "layer_norm", "instance_norm", "conv2d", "linear", "mm", "mv", "einsum"),
    *("adaptive_avg_pool2d", "upsample_bilinear2d", "scaled_dot_product_attention", "lstm"),
)
MODULES_OF_TOOLS = sorted({*RULES, *MODULES, "a.LayerScale", "a.Conv", "NoModuleAtAll"})
OPS = st.builds(
    Op,
    path=st.sampled_from(("", "a", "a.b")),
    module=st.sampled_from(MODULES_OF_TOOLS),
    op=st.sampled_from(OPERATORS),
    kind=st.sampled_from(Kind.__args__),
    madds=COUNTS,
    reads=COUNTS,
    writes=COUNTS,
    weights=COUNTS,
    input=SHAPES,
    output=SHAPES,
    weight=st.none() | SHAPES,
    bias=st.booleans(),
    groups=st.integers(0, 4),
    affine=st.booleans(),
    batch_statistics=st.booleans(),
    part_of=st.just("")
    | st.sampled_from(("einsum i,j->ij", "matmul", "conv2d.padding", "einsum ")),
    through=st.just("") | st.sampled_from(("softmax", "matmul", "addmm", "interpolate", "add")),
)
CALLS = st.builds(
    Call,
    path=st.sampled_from(("", "a", "a.b")),
    module=st.sampled_from(MODULES_OF_TOOLS),
    leaf=st.booleans(),
    inputs=st.lists(SHAPES, max_size=3).map(tuple),
    output=SHAPES,
    tensors=st.dictionaries(
        st.sampled_from(("weight", "bias", "weight_ih_l0", "weight_hh_l0", "weight_v", "gamma")),
        SHAPES,
    ),
    settings=st.dictionaries(
        st.sampled_from(("dim", "mode", "num_heads", "batch_first", "head_dim")),
        st.integers(-3, 3) | st.just("nearest"),
    ),
    places=st.integers(1, 3),
    fused=st.booleans(),
)


def totals(ops, calls):
    total = {n: sum(getattr(op, n) for op in ops) for n in ("madds", "mem_access", "mem_bytes")}
    return Costs(
        params=0, param_bytes=0, fused_bytes=0, activations=0, ops=ops, calls=calls, **total
    )


@pytest.mark.parametrize("name", CONVENTIONS)
@given(
    ops=st.lists(OPS, min_size=4, max_size=6).map(tuple),
    calls=st.lists(CALLS, min_size=4, max_size=6).map(tuple),
)
@settings(max_examples=20, deadline=None)
def test_no_row_and_no_call_stops_a_convention(name, ops, calls):
    counted = convert(totals(ops, calls), name)
    assert counted.total >= 0
    assert all(isinstance(n, int) for n in counted.items.values())


@pytest.mark.parametrize("shape", [(), (0,), (3,)])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_no_operator_and_no_layer_needs_a_shape(name, shape):
    """A norm of a weight reads no activation; what a module takes by keyword is not seen."""
    ops = tuple(
        Op(path="", module="Conv2d", op=op, kind=kind, input=shape, output=shape, weight=weight)
        for op in OPERATORS
        for kind in Kind.__args__
        for weight in (None, shape)
    )
    calls = tuple(
        Call(path="a", module=module, inputs=inputs, output=shape, tensors=tensors)
        for module in MODULES_OF_TOOLS
        for inputs in ((), (shape,), (shape,) * 3)
        for tensors in ({}, {"weight": shape})
    )
    for seen in (calls, ()):
        assert convert(totals(ops, seen), name).total >= 0


def test_a_record_without_calls_says_of_usual_networks_the_same():
    """Records of a schema before 6 hold neither calls nor how an operator was called."""
    network = nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(8 * 7 * 7, 16), nn.LayerNorm(16), nn.GELU()),
    )
    args = (torch.randn(1, 3, 16, 16),)
    from lightbench.costs.count import count_costs

    costs = count_costs(network, lambda device: (tuple(a.to(device) for a in args), {}))
    news = dict.fromkeys(("part_of", "through"), "") | {"affine": False, "batch_statistics": False}
    old = msgspec.structs.replace(
        costs, calls=(), ops=tuple(msgspec.structs.replace(op, **news) for op in costs.ops)
    )
    assert {t: convert(old, t).total for t in TOOLS} == {
        t: theirs(t, network.eval(), args) for t in TOOLS
    }
