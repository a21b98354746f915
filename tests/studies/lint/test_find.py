"""What lint finds: networks that break exactly one guideline, what that costs by hand, and where."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import OrderedDict
from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from torch import nn
from torch.nn import functional as F

from lightbench import count, registry
from lightbench.errors import UsageError
from lightbench.records import SCHEMA, Case, Environment, InputSpec, Op, Record
from lightbench.studies.card.card import DeviceCard, Figure
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import linted
from lightbench.studies.lint.linting import Linting, lint_view
from lightbench.studies.lint.rules.channel_ratio import least_access
from lightbench.studies.lint.rules.fragmentation import launch_bound
from lightbench.studies.lint.slowdown import slowdown
from lightbench.studies.lint.source import source_of
from lightbench.studies.lint.verify import Saving
from lightbench.studies.sweep.relative import relatives
from lightbench.units import visible

conv = partial(nn.Conv2d, bias=False)


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No card of this machine is found."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def look(network, shape="8x10x10", card=None, **settings):
    return linted(network, count(network, input=shape, **settings).costs, card)


def findings(network, shape="8x10x10", card=None, **settings):
    return find_all(look(network, shape, card, **settings))


def strained(network, shape="8x10x10", card=None):
    return {finding.guideline for finding in findings(network, shape, card)}


class Block(nn.Module):
    """Layers with a ``forward`` of their own: what lint calls a block."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def chain(n, c=8, kernel=3):
    """A block of convolutions in series, of equal width."""
    return nn.Sequential(Block(*(conv(c, c, kernel, padding=kernel // 2) for _ in range(n))))


# Networks that break one guideline, or none.


def test_a_pointwise_convolution_of_unequal_width_strains_g1_alone():
    (finding,) = findings(nn.Sequential(conv(32, 256, 1)), "32x56x56")
    assert (finding.guideline, finding.path) == ("G1", "0")
    assert finding.cause == "32 -> 256, 58% above bound"
    assert finding.remedy == "91 -> 91 channels have the same MAdds"  # sqrt(32 * 256) = 90.5
    assert finding.instead == (91, 91, 1)
    assert finding.ops == finding.block == (0,)


def test_a_group_convolution_of_equal_width_strains_g2_alone():
    (finding,) = findings(nn.Sequential(conv(64, 64, 1, groups=4)), "64x14x14")
    assert (finding.guideline, finding.path) == ("G2", "0")
    assert finding.cause == "4 groups, 64 -> 64"
    assert finding.remedy == "32 -> 32 channels in one group have the same MAdds"  # 64 / sqrt(4)
    assert finding.instead == (32, 32, 1)


def test_a_block_of_six_convolutions_strains_g3_alone():
    (finding,) = findings(chain(6))
    assert (finding.guideline, finding.path) == ("G3", "0")
    assert finding.cause == "6 convolutions"
    assert finding.ops == finding.block == (0, 1, 2, 3, 4, 5)
    c_in, c_out, kernel = finding.instead
    assert (c_in, kernel) == (c_out, 3)
    assert abs(c_in - 8 * math.sqrt(6)) < 1  # one 3x3 with the MAdds of six


@pytest.mark.parametrize(
    ("layers", "causes"),
    [
        ([nn.ReLU()], ["1 x activation"]),
        ([nn.BatchNorm2d(8)], ["1 x norm"]),
        ([nn.BatchNorm2d(8), nn.ReLU()], ["1 x norm", "1 x activation"]),
        ([conv(8, 8, 3, groups=8)], ["1 x depthwise conv"]),
    ],
)
def test_element_wise_operators_between_equal_widths_strain_g4_alone(layers, causes):
    found = findings(Block(conv(8, 8, 3, padding=1), *layers))
    assert {f.guideline for f in found} == {"G4"}
    assert sorted(f.cause for f in found) == sorted(causes)
    assert all(f.instead is None for f in found)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(*(conv(8, 8, 3, padding=1) for _ in range(9))),
        nn.Sequential(*(conv(8, 8, 1) for _ in range(9))),
        nn.Sequential(conv(8, 64, 3), conv(64, 8, 3)),  # G1 is about 1x1
        nn.Sequential(conv(8, 64, 1, stride=2)),  # a stride reads another map than it writes
        chain(4),
        nn.Sequential(nn.Flatten(), nn.Linear(800, 10)),
        nn.Identity(),
        nn.Sequential(),
        nn.MaxPool2d(2),
    ],
    ids=["dense", "pointwise", "3x3", "strided", "block", "linear", "identity", "empty", "pooling"],
)
def test_a_network_that_breaks_none_gets_none(network):
    assert findings(network) == []


def test_a_network_may_strain_all_four():
    block = Block(
        conv(8, 64, 1), conv(64, 64, 1, groups=4), *(conv(64, 64, 1) for _ in range(3)), nn.ReLU()
    )
    assert strained(nn.Sequential(block)) == {"G1", "G2", "G3", "G4"}


# Thresholds.


def test_four_convolutions_in_a_block_are_not_many_and_five_are():
    assert strained(chain(4)) == set()
    assert strained(chain(5)) == {"G3"}


def test_depthwise_convolutions_are_no_fragments():
    """Four and three: they are G4's."""
    depthwise = [conv(8, 8, 3, padding=1, groups=8) for _ in range(3)]
    network = nn.Sequential(Block(*(conv(8, 8, 1) for _ in range(4)), *depthwise))
    assert strained(network) == {"G4"}


@pytest.mark.parametrize(
    ("shape", "found"),
    [("100x20x32", False), ("100x25x25", False), ("100x24x27", True), ("100x56x56", True)],
)
def test_ten_percent_above_the_bound_is_not_found_and_more_is(shape, found):
    """100 -> 256 on 640 positions: 640 * 356 + 25,600 = 253,440 elements, and the bound is
    2 * 640 * 160 + 25,600 = 230,400, exactly 10 % less. On 625 it is less, on 648 more."""
    assert strained(nn.Sequential(conv(100, 256, 1)), shape) == ({"G1"} if found else set())


def test_on_a_large_map_the_border_is_at_1_to_2_43():
    """(1 + r) / (2 sqrt(r)) = 1.1 at r = 2.428, where weights are nothing beside a map."""
    assert strained(nn.Sequential(conv(100, 242, 1)), "100x1000x1000") == set()
    assert strained(nn.Sequential(conv(100, 243, 1)), "100x1000x1000") == {"G1"}
    assert strained(nn.Sequential(conv(243, 100, 1)), "243x1000x1000") == {"G1"}


def test_on_a_small_map_weights_outweigh_the_ratio():
    """One position: 8 + 64 + 512 elements beside 2 sqrt(512) + 512."""
    assert strained(nn.Sequential(conv(8, 64, 1)), "8x1x1") == set()


# What it costs, by hand.


def test_g1_costs_what_is_above_the_bound():
    """hw (c1 + c2) + c1 c2 elements, of which 2 hw sqrt(c1 c2) + c1 c2 must be; 4 bytes each."""
    hw, c1, c2 = 56 * 56, 32, 256
    (finding,) = findings(nn.Sequential(conv(c1, c2, 1)), "32x56x56")
    above = hw * (c1 + c2) - 2 * hw * math.sqrt(c1 * c2)
    assert finding.mem_bytes == pytest.approx(4 * above, rel=1e-12)


@pytest.mark.parametrize(("dtype", "size"), [("float64", 8), ("bfloat16", 2)])
def test_elements_count_as_large_as_they_are(dtype, size):
    hw = 56 * 56
    (finding,) = findings(conv(32, 256, 1).to(getattr(torch, dtype)), "32x56x56")
    assert finding.mem_bytes == pytest.approx(size * (hw * 288 - 2 * hw * math.sqrt(8192)))
    assert finding.path == "(network)"


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("groups", [2, 4, 8])
def test_g2_costs_the_maps_that_one_group_would_not_need(kernel, groups):
    """B (g - 1) / c1 elements; with k x k filters each of them takes k^2 of the multiply-adds."""
    hw, c = 14 * 14, 64
    madds = hw * c * c * kernel**2 // groups
    (finding,) = findings(conv(c, c, kernel, padding=kernel // 2, groups=groups), "64x14x14")
    assert finding.mem_bytes == pytest.approx(4 * madds * (groups - 1) / (c * kernel**2))
    assert finding.instead[2] == kernel


def test_g3_costs_all_fragments_but_the_largest():
    """c = 8 on 10 x 10: each reads and writes 800 elements and has 576 weights."""
    (finding,) = findings(chain(6))
    assert finding.mem_bytes == 5 * 4 * (800 + 800 + 576)


def test_the_largest_fragment_is_the_one_that_may_stay():
    wide = conv(8, 8, 5, padding=2)
    (finding,) = findings(nn.Sequential(Block(wide, *(conv(8, 8, 1) for _ in range(5)))))
    assert finding.mem_bytes == 5 * 4 * (800 + 800 + 64)


def test_g4_costs_all_that_its_operators_move():
    """Batch norm reads and writes 800 elements and has 4 numbers a channel; ReLU reads and writes."""
    found = findings(Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()))
    cost = {f.cause: f.mem_bytes for f in found}
    assert cost == {"1 x norm": 4 * (800 + 800 + 4 * 8), "1 x activation": 4 * (800 + 800)}


def test_a_depthwise_convolution_costs_maps_and_filter():
    (finding,) = findings(conv(8, 8, 3, padding=1, groups=8))
    assert finding.mem_bytes == 4 * (800 + 800 + 8 * 9)


def test_two_of_a_kind_in_one_block_are_one_finding():
    network = Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1), nn.ReLU())
    (finding,) = findings(nn.Sequential(network))
    assert finding.cause == "2 x activation"
    assert finding.mem_bytes == 2 * 4 * 1600
    assert finding.block == (0, 1, 2, 3)
    assert finding.ops == (1, 3)


@pytest.mark.parametrize("batch", [1, 4])
def test_costs_are_those_of_the_batch(batch):
    (finding,) = findings(nn.Sequential(conv(32, 256, 1)), "32x56x56", batch=batch)
    hw = batch * 56 * 56
    assert finding.mem_bytes == pytest.approx(4 * (hw * 288 - 2 * hw * math.sqrt(8192)))


# The bound of G1.


@settings(deadline=None)
@given(
    st.integers(1, 64),
    st.integers(1, 64),
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from([1, 2, 3, 4, 8]),
    st.integers(1, 4),
)
def test_no_1x1_convolution_touches_less_than_the_bound(a, b, h, w, groups, batch):
    """2 sqrt(hw B g) + B / hw for B multiply-adds: below what any convolution does, and reached
    where channels are equal."""
    c1, c2, hw = a * groups, b * groups, batch * h * w
    with torch.device("meta"):
        network = conv(c1, c2, 1, groups=groups)
    (op,) = count(network, input=f"{c1}x{h}x{w}", batch=batch).layers
    madds = hw * c1 * c2 // groups
    assert op.mem_access == hw * (c1 + c2) + c1 * c2 // groups
    assert least_access(op) == pytest.approx(2 * math.sqrt(hw * madds * groups) + madds / hw)
    assert least_access(op) <= op.mem_access * (1 + 1e-12)
    if c1 == c2:
        assert least_access(op) == pytest.approx(op.mem_access, rel=1e-12)


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([1, 2, 4]))
def test_a_ratio_and_its_inverse_strain_alike(a, b, groups):
    """c1 and c2 stand in the formula in the same way; one input channel a group would be depthwise."""
    found = []
    for c1, c2 in ((a * groups, b * groups), (b * groups, a * groups)):
        with torch.device("meta"):
            network = conv(c1, c2, 1, groups=groups)
        found.append([f.mem_bytes for f in findings(network, f"{c1}x9x9") if f.guideline == "G1"])
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("dimensions", [1, 3])
def test_1x1_convolutions_of_signals_and_volumes_strain_g1_too(dimensions):
    kind = {1: nn.Conv1d, 3: nn.Conv3d}[dimensions]
    shape = "32x" + "x".join(["20"] * dimensions)
    (finding,) = findings(kind(32, 256, 1, bias=False), shape)
    hw = 20**dimensions
    assert finding.mem_bytes == pytest.approx(4 * (hw * 288 - 2 * hw * math.sqrt(8192)))


def test_a_transposed_convolution_is_read_in_its_own_direction():
    """64 -> 128 in 4 groups: B = hw * 64 * 128 / 4 multiply-adds, 3 B / 64 elements too many."""
    found = findings(nn.ConvTranspose2d(64, 128, 1, groups=4, bias=False), "64x14x14")
    (finding,) = (f for f in found if f.guideline == "G2")
    assert finding.cause == "4 groups, 64 -> 128"
    assert finding.mem_bytes == pytest.approx(4 * 3 * (196 * 64 * 128 / 4) / 64)


@pytest.mark.parametrize(
    "layer",
    [
        partial(nn.ConvTranspose2d, kernel_size=2, stride=2),
        partial(nn.ConvTranspose2d, kernel_size=3),
        partial(nn.Conv2d, kernel_size=3, stride=2, padding=1),
        partial(nn.Conv2d, kernel_size=1),
    ],
    ids=["transposed", "transposed 3x3", "strided", "1x1"],
)
def test_g2_costs_what_a_layer_of_one_group_with_as_many_madds_does_not_move(layer):
    """64 -> 64 in 4 groups beside 64 -> 16 in one: as many MAdds and weights, the same input."""
    grouped = count(layer(64, 64, groups=4, bias=False), input="64x16x16").costs
    dense = count(layer(64, 16, bias=False), input="64x16x16").costs
    assert grouped.madds == dense.madds
    (finding,) = (
        f for f in findings(layer(64, 64, groups=4, bias=False), "64x16x16") if f.guideline == "G2"
    )
    assert finding.mem_bytes == grouped.mem_bytes - dense.mem_bytes
    if layer.keywords == {"kernel_size": 2, "stride": 2}:
        assert finding.mem_bytes == 4 * 64 * 32 * 32 * 3 // 4 == 196_608


@pytest.mark.parametrize(
    ("layers", "folds"),
    [
        ([conv(8, 8, 3, padding=1), nn.BatchNorm2d(8)], True),
        ([nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)], True),
        ([conv(8, 8, 3, padding=1), nn.GroupNorm(2, 8)], False),
        ([conv(8, 8, 3, padding=1), nn.InstanceNorm2d(8)], False),
        ([conv(8, 8, 3, padding=1), nn.LayerNorm(10)], False),
        ([conv(8, 8, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(8)], False),
        ([nn.BatchNorm2d(8), conv(8, 8, 3, padding=1)], False),
    ],
)
def test_only_a_batch_norm_right_behind_a_convolution_can_be_folded(layers, folds):
    (norm,) = (f for f in findings(Block(*layers)) if "norm" in f.cause)
    assert (norm.remedy == "fold it into the convolution before it") is folds


def test_norms_that_fold_and_those_that_do_not_are_two_findings():
    network = Block(conv(8, 8, 1), nn.BatchNorm2d(8), nn.GroupNorm(2, 8))
    norms = [f for f in findings(nn.Sequential(network)) if "norm" in f.cause]
    assert sorted((f.cause, f.ops) for f in norms) == [("1 x norm", (1,)), ("1 x norm", (2,))]
    assert len({f.remedy for f in norms}) == 2


# Blocks.


class Branches(nn.Module):
    """Eight convolutions side by side, summed."""

    def __init__(self, *, named=False):
        super().__init__()
        branches = [conv(8, 8, 1) for _ in range(8)]
        self.named = named
        if named:
            for i, branch in enumerate(branches):
                self.add_module(f"b{i}", branch)
        else:
            self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return sum(branch(x) for branch in (self.children() if self.named else self.branches))


@pytest.mark.parametrize("named", [True, False])
def test_branches_of_the_network_itself_are_as_fragmented_as_those_of_a_block(named):
    (own,) = (f for f in findings(Branches(named=named)) if f.guideline == "G3")
    (inner,) = (f for f in findings(nn.Sequential(Branches(named=named))) if f.guideline == "G3")
    assert (own.path, own.cause) == ("(network)", "8 convolutions")
    assert (own.cause, own.mem_bytes, own.ops) == (inner.cause, inner.mem_bytes, inner.ops)


def test_layers_that_a_network_calls_one_after_another_are_no_fragments():
    assert strained(Block(*(conv(8, 8, 3, padding=1) for _ in range(9)))) == set()


@pytest.mark.parametrize("verify", [-1, True, 1.5])
def test_a_number_of_findings_to_verify_is_0_or_more(verify):
    with pytest.raises(UsageError, match="how many findings"):
        lint_model(Branches(), input="8x10x10", device="null", verify=verify)


def test_a_module_in_another_precision_is_copied_and_stays_as_it_is():
    network = Branches()
    lint = lint_model(network, input="8x10x10", device="null", dtype="bfloat16")
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    (found,) = (f for f in lint.findings if f.guideline == "G3")
    assert found.mem_bytes == 7 * 2 * (800 + 800 + 64)
    assert "null, bfloat16, contiguous" in lint.view.table.title


def test_without_a_card_it_says_that_launch_bound_operators_were_not_looked_for():
    notes = " ".join(lint_model(Branches(), input="8x10x10", device="null").view.table.notes)
    assert "no search for launch-bound operators (G3)" in notes


class BasicConv2d(nn.Module):
    def __init__(self, c_in, c_out, **settings):
        super().__init__()
        self.conv = conv(c_in, c_out, **settings)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """As torchvision writes it: four branches of BasicConv2d, side by side."""

    def __init__(self, c):
        super().__init__()
        self.branch1 = BasicConv2d(c, c // 4, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(c, c // 4, kernel_size=1),
            BasicConv2d(c // 4, c // 4, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(c, c // 4, kernel_size=1),
            BasicConv2d(c // 4, c // 4, kernel_size=3, padding=1),
        )
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), BasicConv2d(c, c // 4, kernel_size=1))

    def forward(self, x):
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], 1)


class GoogLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = BasicConv2d(3, 16, kernel_size=3)
        self.inception3a, self.inception3b = Inception(16), Inception(16)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = self.inception3b(self.inception3a(self.conv1(x)))
        return F.softmax(self.fc(x.mean((2, 3))), dim=1)


def test_a_convolution_with_its_norm_is_no_block_of_its_own_inside_an_inception_module():
    network = look(GoogLeNet(), "3x12x12")
    inner = {path: [network.ops[i].kind for i in rows] for path, rows in network.blocks.items()}
    assert list(inner) == ["conv1", "inception3a", "inception3b", "", "fc"]
    assert inner["conv1"] == ["dense conv", "norm", "activation"]
    assert len(inner["inception3a"]) == 6 * 3 + 1 + 1  # a pooling, a concatenation
    assert inner[""] == ["pooling", "activation"]  # what forward of the network itself calls
    assert inner["fc"] == ["linear"]


def test_fragmentation_is_found_in_each_inception_module():
    found = [f for f in findings(GoogLeNet(), "3x12x12") if f.guideline == "G3"]
    assert [(f.path, f.cause) for f in found] == [
        ("inception3a", "6 convolutions"), ("inception3b", "6 convolutions"),
    ]  # fmt: skip
    network = look(GoogLeNet(), "3x12x12")
    for finding in found:
        assert all("conv" in network.ops[i].kind for i in finding.ops)


def test_what_the_network_itself_calls_is_a_finding_of_the_network():
    found = findings(GoogLeNet(), "3x12x12")
    assert [(f.guideline, f.cause) for f in found if f.path == "(network)"] == [
        ("G4", "1 x activation"),
    ]  # fmt: skip


def test_blocks_inside_blocks_are_the_innermost():
    inner = Block(conv(8, 8, 1), conv(8, 8, 1))
    outer = Block(inner, conv(8, 8, 1), conv(8, 8, 1))
    blocks = look(nn.Sequential(outer)).blocks
    assert blocks == {"0.layers.0": (0, 1), "0": (2, 3)}


def test_containers_are_no_blocks():
    """A stage of two residual blocks holds them; it is not one block of all their layers."""
    stage = nn.Sequential(*(Block(conv(8, 8, 3, padding=1), conv(8, 8, 1)) for _ in range(3)))
    network = look(nn.Sequential(stage))
    assert list(network.blocks) == ["0.0", "0.1", "0.2"]
    assert find_all(network) == []


def test_layers_at_the_root_of_a_plain_sequential_are_blocks_of_their_own():
    network = look(nn.Sequential(conv(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU()))
    assert network.blocks == {"0": (0,), "1": (1,), "2": (2,)}


@pytest.mark.parametrize("hold", [nn.Sequential, Block])
def test_a_plain_chain_is_not_fragmented_because_it_has_a_name(hold):
    """VGG: six dense layers of which each waits for the last are what G3 asks for, not against."""
    layers = [conv(8, 8, 3, padding=1) for _ in range(6)]
    assert strained(nn.Sequential(*layers)) == set()
    assert strained(hold(nn.Sequential(*layers))) == set()


def test_a_shared_module_that_is_called_twice_costs_twice_in_one_block():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1))

        def forward(self, x):
            return self.block(self.block(x))

    network = look(Shared())
    assert network.blocks == {"block": (0, 1, 2, 3, 4, 5)}
    (finding,) = find_all(network)
    assert (finding.cause, finding.mem_bytes) == ("2 x activation", 2 * 4 * 1600)
    assert finding.ops == (1, 4)


def test_functions_without_any_module_are_the_network():
    class Functions(nn.Module):
        def forward(self, x):
            return F.relu(x) + x.sigmoid()

    found = findings(Functions())
    assert {(f.path, f.guideline) for f in found} == {("(network)", "G4")}
    assert sorted(f.cause for f in found) == ["1 x addition or the like", "2 x activation"]


MODELS = ["shufflenet_v2_x1_0", "shufflenet_v1_x1_0_g3", "mobilenet_v2", "mobilenet_v3_small",
          "resnet50", "squeezenet1_1", "example_conv_g4"]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_every_operator_is_in_one_block_and_every_finding_inside_its_block(model):
    network = lint_model(model).linting.network
    places = sorted(i for rows in network.blocks.values() for i in rows)
    assert places == list(range(len(network.ops)))
    for finding in find_all(network):
        assert set(finding.ops) <= set(finding.block)
        assert 0 < finding.mem_bytes <= sum(network.ops[i].mem_bytes for i in finding.ops)
        assert finding.estimate_s is None


# The paper's argument: section 3.


@pytest.fixture(scope="module")
def linted_models(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        return {name: lint_model(name) for name in MODELS[:3]}


def test_shufflenet_v2_strains_fewer_guidelines_than_the_networks_it_was_made_after(linted_models):
    """Section 3: pointwise group convolutions and bottlenecks violate G1 and G2 in ShuffleNetV1,
    inverted bottlenecks G1 in MobileNetV2; in V2 only what is element-wise is left."""
    sets = {name: {f.guideline for f in lint.findings} for name, lint in linted_models.items()}
    assert sets == {
        "shufflenet_v2_x1_0": {"G4"},
        "shufflenet_v1_x1_0_g3": {"G1", "G2", "G4"},
        "mobilenet_v2": {"G1", "G4"},
    }


def test_shufflenet_v2_has_fewer_findings_and_less_strained_memory_access(linted_models):
    number = {name: len(lint.findings) for name, lint in linted_models.items()}
    moved = {n: sum(f.mem_bytes for f in lint.findings) for n, lint in linted_models.items()}
    share = {n: m / linted_models[n].linting.network.costs.mem_bytes for n, m in moved.items()}
    for measure in (number, moved, share):
        assert min(measure, key=measure.get) == "shufflenet_v2_x1_0", measure


# With a card.


def by_size(sweep_records, axis, **times):
    """A sweep of a card: ``g1=1.0`` is one group, ``r4=1.5`` a ratio of 1:4."""
    times = {name[1:]: seconds for name, seconds in times.items()}
    made = {
        n: {"groups": int(n)} if axis == "groups" else {"c1": 8, "c2": 8 * int(n)} for n in times
    }
    return relatives(sweep_records(times, experiment=axis, per_madd=True, settings=made))


@pytest.fixture
def card(make_record):
    """1 GMAdds/s, 1 GB/s, and 1 ns to start anything."""
    kinds = ("dense conv", "pointwise conv", "depthwise conv", "grouped conv", "linear")
    moves = ("element-wise", "activation", "norm", "data movement")
    return DeviceCard(
        record=make_record("stream"),
        madds_per_s={kind: Figure(1e9) for kind in kinds},
        bandwidth=Figure(1e9),
        bytes_per_s={kind: Figure(1e9) for kind in moves},
        launch_s=Figure(1e-9),
        conv_launch_s=None,
    )


def test_without_a_card_there_is_no_time_and_nothing_is_launch_bound():
    tiny = nn.Sequential(Block(*(conv(1, 1, 1) for _ in range(3))))
    assert findings(tiny, "1x1x1") == []
    (finding,) = findings(chain(6))
    assert finding.estimate_s is None


@pytest.mark.parametrize(
    ("c_out", "slower"),
    [(64 * 4, 0.5), (64 * 8, 0.5), (64 * 32, 0.5), (160, 0.5 * math.log(2.5, 4))],
)
def test_g1_takes_the_time_that_its_ratio_is_slower(c_out, slower, card, sweep_records):
    """1:4 is half as slow again; 1:2.5 lies log(2.5) / log(4) of the way; 1:32 as far as measured."""
    card = replace(card, ratios=by_size(sweep_records, "ratio", r1=1.0, r4=1.5))
    (finding,) = findings(conv(64, c_out, 1), "64x50x50", card)
    madds = 2500 * 64 * c_out
    assert finding.estimate_s == pytest.approx(madds / 1e9 * slower)


@pytest.mark.parametrize(("groups", "slower"), [(2, 0.25), (4, 0.5), (16, 0.5)])
def test_g2_takes_the_time_that_its_groups_are_slower(groups, slower, card, sweep_records):
    card = replace(card, groups=by_size(sweep_records, "groups", g1=1.0, g4=1.5))
    card.madds_per_s["grouped conv"] = Figure(1.0)  # of one group is what counts
    (finding,) = findings(conv(64, 64, 1, groups=groups), "64x14x14", card)
    assert finding.estimate_s == pytest.approx(196 * 64 * 64 / groups / 1e9 * slower)


def test_where_a_ratio_or_groups_are_faster_they_cost_no_time(card, sweep_records):
    card = replace(
        card,
        ratios=by_size(sweep_records, "ratio", r1=1.0, r4=0.5),
        groups=by_size(sweep_records, "groups", g1=1.0, g4=0.5),
    )
    found = findings(conv(64, 256, 1, groups=4), "64x50x50", card)
    assert {f.guideline: f.estimate_s for f in found} == {"G1": 0.0, "G2": 0.0}


def test_without_those_sweeps_g1_and_g2_have_no_time(card):
    found = findings(conv(64, 256, 1, groups=4), "64x50x50", card)
    assert {f.guideline: f.estimate_s for f in found} == {"G1": None, "G2": None}


def test_g3_takes_the_starts_and_the_maps_of_all_fragments_but_one(card):
    """Five starts of 2 ms and five times 2,176 elements at 1 GB/s."""
    made = replace(card, conv_launch_s=Figure(0.002))
    (finding,) = findings(chain(6), card=made)
    assert finding.estimate_s == pytest.approx(5 * 0.002 + 5 * 4 * 2176 / 1e9)
    (finding,) = findings(chain(6), card=card)  # an older card: any operator's start
    assert finding.estimate_s == pytest.approx(5 * 1e-9 + 5 * 4 * 2176 / 1e9)


def test_g4_takes_the_time_of_its_operators(card):
    card.bytes_per_s["norm"] = Figure(2e9)
    found = findings(Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()), card=card)
    estimates = {f.cause: f.estimate_s for f in found}
    assert estimates == {
        "1 x norm": pytest.approx(4 * 1632 / 2e9 + 1e-9),
        "1 x activation": pytest.approx(4 * 1600 / 1e9 + 1e-9),
    }


def test_operators_that_take_longer_to_start_than_to_run_strain_g3(card):
    """A few multiply-adds and bytes at 1 G/s are nothing beside 1 ms; so is ReLU."""
    slow_start = replace(card, launch_s=Figure(0.001))
    block = Block(conv(1, 1, 3, padding=1), nn.ReLU(), conv(1, 1, 1))
    network = nn.Sequential(block, conv(1, 1, 1))
    first, second = (f for f in findings(network, "1x1x1", slow_start) if f.guideline == "G3")
    assert (first.path, first.cause) == ("0", "3 of 3 launch-bound")
    assert (second.path, second.cause) == ("1", "1 of 1 launch-bound")
    assert (first.estimate_s, second.estimate_s) == (pytest.approx(0.003), 0.001)
    assert first.ops == first.block == (0, 1, 2)
    assert first.instead is None
    assert strained(network, "1x1x1") == {"G4"}


def test_of_a_block_only_what_is_launch_bound_is_counted(card):
    """8,000 x 576 multiply-adds take 4.6 ms at 1 GMAdds/s; ReLU moves 512 kB in 0.5 ms."""
    slow_start = replace(card, launch_s=Figure(0.001))
    network = nn.Sequential(Block(conv(8, 8, 3, padding=1), nn.ReLU(), conv(8, 8, 3, padding=1)))
    (finding,) = (f for f in findings(network, "8x100x80", slow_start) if f.guideline == "G3")
    assert finding.cause == "1 of 3 launch-bound"
    assert finding.ops == (1,)
    assert finding.block == (0, 1, 2)


@pytest.mark.parametrize(
    ("madds", "moved", "bound"),
    [
        (999_999, 999_999, True),
        (1_000_000, 0, False),  # exactly as long as its start
        (0, 1_000_000, False),
        (1_000_001, 1, False),
        (0, 0, True),
    ],
)
def test_launch_bound_is_less_arithmetic_and_less_memory_than_the_start(madds, moved, bound, card):
    """1 ms at 1 GMAdds/s and 1 GB/s."""
    slow_start = replace(card, launch_s=Figure(0.001), conv_launch_s=Figure(9.0))
    op = Op(path="", module="", op="x", kind="dense conv", madds=madds, read_bytes=moved)
    assert launch_bound(slow_start, op) is bound


# In which order.


def test_the_dearest_comes_first_by_memory_access_without_a_card():
    found = findings(GoogLeNet(), "3x12x12")
    costs = [f.mem_bytes for f in found]
    assert costs == sorted(costs, reverse=True)
    assert len({f.guideline for f in found}) == 3


def test_the_dearest_comes_first_by_time_with_a_card(card):
    """Activations move less than norms and are slower here."""
    network = Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 64, 1))
    assert [f.cause for f in findings(network) if f.guideline == "G4"] == [
        "1 x norm", "1 x activation",
    ]  # fmt: skip
    card.bytes_per_s["activation"] = Figure(1e6)
    found = findings(network, card=card)
    assert [f.cause for f in found][:2] == ["1 x activation", "1 x norm"]
    assert found[-1].guideline == "G1"  # not known in time: last, though not the cheapest
    assert found[-1].estimate_s is None
    assert found[-1].mem_bytes > found[0].mem_bytes


# Between the points of a sweep.

POINTS = st.lists(
    st.tuples(st.floats(1, 1e4), st.floats(0.1, 10)),
    min_size=1,
    max_size=8,
    unique_by=lambda p: p[0],
)


@given(POINTS)
def test_at_its_points_a_slowdown_is_what_was_measured(points):
    for x, y in points:
        assert slowdown(points, x) == pytest.approx(y, rel=1e-9)


@given(POINTS, st.floats(0, 1))
def test_beyond_the_ends_it_is_the_end(points, share):
    ordered = sorted(points)
    assert slowdown(points, ordered[0][0] * share) == ordered[0][1]
    assert slowdown(points, ordered[-1][0] * (1 + share)) == pytest.approx(ordered[-1][1])


@given(POINTS, st.floats(1, 1e4))
def test_between_two_points_it_is_between_their_slowdowns(points, at):
    ordered = sorted(points)
    below = [p for p in ordered if p[0] <= at][-1:] or ordered[:1]
    above = [p for p in ordered if p[0] >= at][:1] or ordered[-1:]
    low, high = sorted((below[0][1], above[0][1]))
    assert low - 1e-9 <= slowdown(points, at) <= high + 1e-9


@given(POINTS, st.floats(1, 1e4), st.floats(1, 100))
def test_where_every_point_is_slower_than_the_last_so_is_every_place_between(points, at, factor):
    rising = [(x, 1.0 + i) for i, (x, _) in enumerate(sorted(points))]
    assert slowdown(rising, at) <= slowdown(rising, at * factor) + 1e-9


def test_halfway_in_logarithms_is_halfway():
    assert slowdown([(16, 3.0), (1, 1.0)], 4) == pytest.approx(2.0)


# As a table and as data.


def linting(network, shape="8x10x10", model="Net", source=None, savings=None, card=None):
    found = look(network, shape, card)
    return Linting(looked_at(found, model), found, find_all(found), savings or {}, source)


def looked_at(found, model):
    """The record of a network before its findings are in it."""
    return Record(
        schema=SCHEMA,
        time="2026-01-02T03:04:05Z",
        case=Case(model=model, inputs=(InputSpec(shape=(8, 10, 10)),)),
        status="ok",
        environment=Environment(comparable={"threads": 2}, noted={}),
        costs=found.costs,
    )


def rows(view):
    keys = [column.key for column in view.table.columns]
    return [dict(zip(keys, row, strict=True)) for row in view.table.rows]


def test_a_finding_is_a_row_with_its_share_of_all_memory_access():
    """A convolution of 8 on 10 x 10 (800, 800, 576) and ReLU (800, 800): 1,600 of 3,776 elements."""
    (row,) = rows(lint_view(linting(Block(conv(8, 8, 3, padding=1), nn.ReLU()))))
    assert row["guideline"] == "G4"
    assert row["mem_bytes"] == 4 * 1600
    assert row["share"] == pytest.approx(1600 / 3776)
    assert row["estimate_s"] is row["measured_s"] is row["interval"] is row["file"] is None
    assert row["remedy"]


def test_totals_are_of_all_findings_however_few_are_shown():
    made = linting(Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()))
    for top in (1, 2, 20, None):
        view = lint_view(made, top)
        (totals,) = view.above
        assert [(row[0], row[2], row[3]) for row in totals.rows] == [
            ("G1", 0, 0), ("G2", 0, 0), ("G3", 0, 0), ("G4", 2, 4 * (1632 + 1600)),
        ]  # fmt: skip
        assert len(view.table.rows) == min(top or 2, 2)
        assert len(view.data) == 2
    assert "1 of 2 findings; `lightbench lint --top` shows more." in lint_view(made, 1).table.notes
    assert not any("--top" in note for note in lint_view(made, 2).table.notes)


def test_what_was_measured_stands_beside_the_finding_it_belongs_to():
    saving = Saving(seconds=0.002, low_s=0.001, high_s=0.003, block_s=0.010)
    network = Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    view = lint_view(linting(network, savings={1: saving}))
    first, second = rows(view)
    assert first["measured_s"] is None
    assert (second["measured_s"], second["interval"]) == (0.002, "1.00 to 3.00")
    assert view.data[1]["measured_low_s"] == 0.001
    assert view.data[1]["block_s"] == 0.010
    assert any(note.startswith("measured:") for note in view.table.notes)
    without = lint_view(linting(network, savings={1: replace(saving, low_s=None, high_s=None)}))
    assert rows(without)[1]["interval"] is None


def test_without_a_card_the_view_says_how_to_make_one_and_with_one_whose_it_is(card):
    network = chain(6)
    assert any("lightbench device-card" in n for n in lint_view(linting(network)).table.notes)
    notes = " ".join(lint_view(linting(network, card=card)).table.notes)
    assert "estimate: from the device card of batch 1, cpu, eager, float32" in notes
    assert "made 2026-01-02T03:04:05Z; not a measurement." in notes


def test_data_name_the_operators():
    (found,) = lint_view(linting(Block(conv(8, 8, 3, padding=1), nn.ReLU()))).data
    assert found["operators"] == [{"path": "layers.1", "op": "relu", "kind": "activation"}]
    assert found["model"] == "Net"
    assert found["about"] == "element-wise operators"


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_network_without_findings_and_one_without_operators_can_be_shown(name):
    for network in (nn.Identity(), nn.Sequential(conv(8, 8, 1))):
        shown = registry.load("format", name).render(lint_view(linting(network)))
        assert shown.endswith("\n") or (name, shown) == ("jsonl", "")


UGLY = ["<b>x", "a|b", "`", "![x](//e)", "\x1b[31m", "a\n::error::b", "net\u202ecod",
        "%0A", "x" * 300]  # fmt: skip


@pytest.mark.parametrize("text", UGLY, ids=ascii)
@pytest.mark.parametrize("name", registry.names("format"))
def test_hostile_names_of_layers_and_networks_are_only_text(name, text):
    block = Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1))
    network = nn.Sequential(OrderedDict([(text, block)]))
    view = lint_view(linting(network, model=text, source=(text, 3)))
    (row,) = rows(view)
    assert row["path"] == text
    shown = registry.load("format", name).render(view)
    assert all(c == "\n" or c.isprintable() for c in shown)
    if name == "markdown":
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
        inline = [child for token in tokens for child in token.children or ()]
        assert {t.type for t in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
        assert [t.type for t in tokens].count("table_open") == 2
    elif name == "html":
        assert "<b>x" not in shown
    elif name == "csv":
        (read,) = csv.DictReader(io.StringIO(shown, newline=""))
        assert read["path"].lstrip("'") == visible(text)
    elif name == "json":
        assert [found["layer"] for found in json.loads(shown)] == [text]
    elif name == "github":
        assert shown.count("\n") == 1
        assert shown.startswith("::notice file=")


# Where a network is defined.


@pytest.fixture
def nets(tmp_path):
    """Nothing of it may run."""
    path = tmp_path / "nets.py"
    path.write_text(
        "raise SystemExit('it ran')\n"
        "\n"
        "@decorated\n"
        "class Net(Base):\n"
        "    class Inner: pass\n"
        "\n"
        "def factory(width): ...\n"
        "other = Net\n"
    )
    return path


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("Net", 4),
        ("Net(8, width=2)", 4),
        (" Net (8)", 4),
        ("factory(3)", 7),
        ("other", 1),  # made by no class or function of its own: the file
        ("Inner", 1),
        ("Missing", 1),
        ("", 1),
    ],
)
def test_the_line_is_that_of_the_class_or_function(call, line, nets):
    assert source_of(f"{nets}:{call}") == (str(nets), line)


@pytest.mark.parametrize("model", ["resnet18", "torchvision:resnet18", "stack:linear(c=4)", ""])
def test_networks_that_come_from_no_file_have_no_place(model):
    assert source_of(model) is None


@pytest.mark.parametrize("text", ["def broken(:", "x = '\0'", "\udcff"])
def test_a_file_that_cannot_be_read_as_python_is_the_file(text, tmp_path):
    path = tmp_path / "net.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert source_of(f"{path}:Net") == (str(path), 1)
    assert source_of(f"{tmp_path}/missing.py:Net") == (f"{tmp_path}/missing.py", 1)


# From Python.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"engine": "compile"}, "lint looks at operators as eager runs them, not compile"),
        ({"seconds": 0}, "seconds are a number above zero, got 0. Try --seconds 5."),
        ({"seconds": -1}, "got -1"),
        ({"seconds": math.nan}, "got nan"),
        ({"seconds": math.inf}, "got inf"),
        ({"batch": 0}, "a batch is a whole number"),
        ({"dtype": "float23"}, "no dtype is called 'float23'"),
        ({"device": "nul"}, "no device is called 'nul'. Did you mean null"),
    ],
)
def test_what_cannot_be_linted_says_why(settings, words):
    with pytest.raises(UsageError) as error:
        lint_model("example_dense", **settings)
    assert words in " ".join(str(error.value).split())


def test_an_answer_shows_the_twenty_dearest_and_holds_them_all():
    lint = lint_model("mobilenet_v2")
    assert len(lint.view.table.rows) == 20
    assert len(lint.findings) == len(lint.shown(None).table.rows) > 20
    assert "Lint: mobilenet_v2" in repr(lint)


def test_a_module_is_linted_in_its_own_precision_and_given_back_as_it_was():
    network = Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout()).to(torch.bfloat16)
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    (finding,) = lint_model(network, input="8x10x10").findings
    # BatchNorm in bfloat16: maps and 4 numbers a channel of 2 bytes each
    assert finding.mem_bytes == 2 * (800 + 800 + 32)
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_module_in_another_precision_is_estimated_from_that_precisions_card(monkeypatch):
    """A module says its own precision where the caller says none."""
    asked = []
    monkeypatch.setattr(
        "lightbench.studies.card.cache.card", lambda setup, _path: asked.append(setup)
    )
    lint_model(Block(conv(8, 8, 3), nn.ReLU()).to(torch.bfloat16), input="8x10x10")
    lint_model(Block(conv(8, 8, 3), nn.ReLU()), input="8x10x10", dtype="bfloat16")
    assert [setup.dtype for setup in asked] == ["bfloat16", "bfloat16"]
