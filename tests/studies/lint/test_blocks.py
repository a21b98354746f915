"""Findings in blocks of real networks, and their order."""

from __future__ import annotations

import pytest
import torch
from breaking import Block, conv, findings, look, strained
from torch import nn
from torch.nn import functional as F

from lightbench.errors import UsageError
from lightbench.studies.card.card import Figure
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.find import find_all

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
    assert (own.layer, own.cause) == ("(network)", "8 convolutions")
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
    assert [(f.layer, f.cause) for f in found] == [
        ("inception3a", "6 convolutions"), ("inception3b", "6 convolutions"),
    ]  # fmt: skip
    network = look(GoogLeNet(), "3x12x12")
    for finding in found:
        assert all("conv" in network.ops[i].kind for i in finding.ops)


def test_what_the_network_itself_calls_is_a_finding_of_the_network():
    found = findings(GoogLeNet(), "3x12x12")
    assert [(f.guideline, f.cause) for f in found if f.layer == "(network)"] == [
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
    assert {(f.layer, f.guideline) for f in found} == {("(network)", "G4")}
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
        assert (finding.mem_bytes > 0) is (finding.kind != "odd number of channels")
        assert finding.mem_bytes <= sum(network.ops[i].mem_bytes for i in finding.ops)
        assert finding.estimate_s is None


# The paper's argument: section 3.


@pytest.fixture(scope="module")
def linted_models(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        return {name: lint_model(name) for name in MODELS[:3]}


def of_the_four(lint):
    """Not the widths, of which ShuffleNetV2 has odd ones: 58, 116, 232."""
    return [finding for finding in lint.findings if finding.guideline != "-"]


def test_shufflenet_v2_strains_fewer_guidelines_than_the_networks_it_was_made_after(linted_models):
    """Section 3: pointwise group convolutions and bottlenecks violate G1 and G2 in ShuffleNetV1,
    inverted bottlenecks G1 in MobileNetV2; in V2 only what is element-wise is left."""
    sets = {name: {f.guideline for f in of_the_four(lint)} for name, lint in linted_models.items()}
    assert sets == {
        "shufflenet_v2_x1_0": {"G4"},
        "shufflenet_v1_x1_0_g3": {"G1", "G2", "G4"},
        "mobilenet_v2": {"G1", "G4"},
    }


def test_shufflenet_v2_has_fewer_findings_and_less_strained_memory_access(linted_models):
    number = {name: len(of_the_four(lint)) for name, lint in linted_models.items()}
    moved = {n: sum(f.mem_bytes for f in lint.findings) for n, lint in linted_models.items()}
    share = {n: m / linted_models[n].linting.network.costs.mem_bytes for n, m in moved.items()}
    for measure in (number, moved, share):
        assert min(measure, key=measure.get) == "shufflenet_v2_x1_0", measure


# In which order.


def test_the_dearest_comes_first_by_memory_access_without_a_card():
    found = findings(GoogLeNet(), "3x12x12")
    costs = [f.mem_bytes for f in found]
    assert costs == sorted(costs, reverse=True)
    assert {f.guideline for f in found} == {"G1", "G3", "G4", "-"}


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
