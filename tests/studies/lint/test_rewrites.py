"""Networks rewritten as lint advises: what changed, what it costs then, and what is left alone."""

from __future__ import annotations

import copy

import pytest
import torch
from breaking import Block, conv, look
from torch import nn

import lightbench as lb
from lightbench import registry
from lightbench.records import Case
from lightbench.studies.lint.changes import estimated, other_settings, rewritten
from lightbench.studies.lint.find import find_all


def changed(network, shape="8x10x10", card=None):
    """Rewrite -> the change that it came to."""
    looked_at = look(network.eval(), shape, card)
    return {c.about.rewrite: c for c in rewritten(network, looked_at, find_all(looked_at))}


def answers(network, shape=(1, 8, 10, 10)):
    torch.manual_seed(0)
    with torch.inference_mode():
        return network(torch.randn(shape))


def settled(network):
    """Batch norms with statistics of their own, so that folding them changes weights."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    return network.eval()


# Fold.


def test_folded_norms_are_gone_and_the_answers_the_same():
    network = settled(
        nn.Sequential(conv(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 4, 1), nn.BatchNorm2d(4))
    )
    change = changed(network)["fold_norms"]
    assert (change.about.places, change.about.answers) == (2, "same")
    assert not any(isinstance(m, nn.BatchNorm2d) for m in change.network.modules())
    assert any(isinstance(m, nn.BatchNorm2d) for m in network.modules())  # it is a copy
    torch.testing.assert_close(answers(change.network), answers(network), rtol=1e-4, atol=1e-4)


def test_a_norm_that_two_layers_share_stays():
    norm = nn.BatchNorm2d(8)
    network = settled(nn.Sequential(conv(8, 8, 1), norm, conv(8, 8, 1), norm))
    change = changed(network)["fold_norms"]
    assert change.network is None
    assert not change.can_be_timed
    assert "no place" in change.about.why


# One group.


class Unit(nn.Module):
    """ShuffleNetV1's: 240 channels, 60 inside, in 3 groups, added to its input."""

    def __init__(self, groups=3):
        super().__init__()
        self.groups = groups
        self.reduce, self.one = conv(240, 60, 1, groups=groups), nn.BatchNorm2d(60)
        self.depthwise = conv(60, 60, 3, padding=1, groups=60)
        self.expand = conv(60, 240, 1, groups=groups)

    def forward(self, x):
        y = self.one(self.reduce(x))
        n, c, h, w = y.shape
        y = y.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)
        return x + self.expand(self.depthwise(y))


def test_one_group_has_the_madds_of_three_and_a_third_of_the_width_inside():
    """2 * 240 * 60 / 3 + 9 * 60 = 10,140 a position; (480 + 9) m = 10,140 at m = 20.7, of which 20 is a multiple of 4."""
    change = changed(nn.Sequential(Unit()), "240x14x14")["one_group"]
    unit = change.network[0]
    assert (unit.reduce.out_channels, unit.depthwise.groups, unit.one.num_features) == (20, 20, 20)
    assert (unit.reduce.groups, unit.expand.groups, unit.expand.out_channels) == (1, 1, 240)
    before, after = (
        lb.count(n, input="240x14x14").costs.madds for n in (nn.Sequential(Unit()), change.network)
    )
    assert before == 10_140 * 196
    assert after == 489 * 20 * 196
    assert answers(change.network, (1, 240, 14, 14)).shape == (1, 240, 14, 14)


def test_a_bottleneck_of_which_the_middle_is_grouped_solves_the_square():
    """ResNeXt: 64 m * 2 + 9 m^2 = 64 * 32 * 2 + 9 * 32^2 / 8 = 5,248 at m = 18.06."""
    block = Block(conv(64, 32, 1), conv(32, 32, 3, padding=1, groups=8), conv(32, 64, 1))
    layers = changed(nn.Sequential(block), "64x14x14")["one_group"].network[0].layers
    root = (-128 + (128**2 + 4 * 9 * 5248) ** 0.5) / 18
    assert root == pytest.approx(18.06, abs=0.01)
    assert [layer.out_channels for layer in layers] == [20 if root > 18 else 16, 20, 64]


def test_a_gate_between_the_convolutions_keeps_a_block_as_it_is():
    block = Block(conv(64, 32, 1), nn.PReLU(32), conv(32, 64, 1, groups=4))
    assert changed(nn.Sequential(block), "64x14x14")["one_group"].network is None


def test_its_estimate_is_what_the_card_says_of_all_operators_before_and_after(card):
    """1 GMAdds/s, 1 GB/s: what is bound by memory there takes as long as it moves bytes."""
    network = nn.Sequential(Unit())
    looked_at = look(network, "240x14x14", card)
    case = lb.count(network, input="240x14x14").case
    (change,) = (
        estimated(c, looked_at, case)
        for c in rewritten(network, looked_at, find_all(looked_at), counted=True)
    )
    after = look(change.network, "240x14x14", card)
    whole = [one.estimate_s(range(len(one.ops))) for one in (looked_at, after)]
    assert change.about.estimate_s == pytest.approx(whole[0] - whole[1])
    assert change.about.estimate_s > 0


# Gates, activations, pools, Fused-MBConv.


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.pool, self.down, self.up = nn.AdaptiveAvgPool2d(1), conv(c, 4, 1), conv(4, c, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(torch.relu(self.down(self.pool(x)))))


def test_a_gate_is_found_as_a_whole_and_taken_out():
    network = nn.Sequential(conv(8, 8, 3, padding=1), Gate(8), conv(8, 8, 3, padding=1))
    looked_at = look(network)
    (finding,) = (f for f in find_all(looked_at) if f.kind == "squeeze-and-excite")
    assert (finding.guideline, finding.layer, len(finding.ops)) == ("G3", "1", 6)
    assert finding.mem_bytes == sum(looked_at.ops[i].mem_bytes for i in range(1, 7))
    change = changed(network)["no_gates"]
    assert isinstance(change.network[1], nn.Identity)
    assert change.about.answers == "retrained"


def test_a_classifier_behind_a_pooling_is_no_gate():
    network = nn.Sequential(conv(8, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    assert not any(f.kind == "squeeze-and-excite" for f in find_all(look(network)))


def test_a_gate_whose_product_is_in_another_module_is_found_and_left():
    class Elsewhere(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.pool, self.fc = (
                conv(8, 8, 3, padding=1),
                nn.AdaptiveAvgPool2d(1),
                conv(8, 8, 1),
            )

        def forward(self, x):
            y = self.body(x)
            return y * torch.sigmoid(self.fc(self.pool(y)))

    assert changed(nn.Sequential(Elsewhere()))["no_gates"].network is None


def test_dear_activations_become_relu_and_keep_whether_they_write_in_place():
    network = nn.Sequential(
        conv(8, 8, 3), nn.Hardswish(inplace=True), conv(8, 8, 1), nn.SiLU(), nn.ReLU6()
    )
    looked_at = look(network)
    done = [
        c
        for c in rewritten(network, looked_at, find_all(looked_at))
        if c.about.rewrite == "plain_activations"
    ]
    assert {c.about.kind for c in done} == {"activation: h-swish", "activation: SiLU"}
    (swish,) = (c.network for c in done if "swish" in c.about.kind)
    assert type(swish[1]) is nn.ReLU
    assert swish[1].inplace
    assert type(swish[3]) is nn.SiLU


@pytest.mark.parametrize("settings", [(9, 1, 4), (5, 2, 2), (7, 3, 0), (6, 2, 1)])
def test_a_large_max_pooling_one_axis_after_the_other_has_the_very_same_maxima(settings):
    network = nn.Sequential(nn.MaxPool2d(*settings))
    change = changed(network)["separate_pools"]
    assert torch.equal(answers(change.network), answers(network))
    assert len(list(change.network.modules())) == 4


def test_a_small_max_pooling_is_no_finding():
    assert find_all(look(nn.Sequential(nn.MaxPool2d(3, 2, 1)))) == []


def test_an_early_depthwise_convolution_is_found_by_the_card_alone_and_becomes_dense(card):
    """32 -> 96, depthwise 3x3 to half the size, 56 x 56: 9.6 ms for the 1x1 at 1 GMAdds/s, 2.4 ms each for the norm and ReLU
    at 1 GB/s, 1.5 ms for the depthwise one, 16 ms together; one dense convolution has 9 * 32 * 96 * 28^2 = 21.7 M
    multiply-adds, which take 21.7 ms, and 0.2 ms at 100 GMAdds/s."""
    network = nn.Sequential(
        conv(32, 96, 1),
        nn.BatchNorm2d(96),
        nn.ReLU(),
        conv(96, 96, 3, stride=2, padding=1, groups=96),
    )
    assert "fused_mbconv" not in changed(network, "32x56x56")
    assert "fused_mbconv" not in changed(network, "32x56x56", card)
    card.madds_per_s["dense conv"] = type(card.bandwidth)(1e11)
    dense = changed(network, "32x56x56", card)["fused_mbconv"].network
    assert (dense[3].in_channels, dense[3].out_channels, dense[3].groups) == (32, 96, 1)
    assert answers(dense, (1, 32, 56, 56)).shape == (1, 96, 28, 28)


# What needs no rewriting, and what goes wrong.


def test_interpolation_and_odd_widths_are_found():
    network = nn.Sequential(
        conv(8, 58, 3), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Upsample(scale_factor=2)
    )
    kinds = {f.kind: f for f in find_all(look(network))}
    assert kinds["interpolation"].cause == "bilinear2d, 4 reads a value"
    assert (kinds["odd number of channels"].cause, kinds["odd number of channels"].advice) == (
        "8 -> 58",
        "8 -> 56",
    )
    assert kinds["odd number of channels"].estimate_s is None


def test_the_settings_that_are_tried_are_those_that_the_case_has_not():
    case = Case(model="net", inputs=())
    assert {"channels-last", "bfloat16"} <= {c.about.change for c in other_settings(case)}
    there = Case(model="net", inputs=(), layout="channels_last", dtype="bfloat16")
    assert [c.about.change for c in other_settings(there)] == []


def test_a_network_that_cannot_be_copied_says_so_and_the_others_go_on():
    class Stays(nn.Sequential):
        def __deepcopy__(self, _memo):
            raise RuntimeError("not me")

    network = Stays(conv(8, 8, 3), nn.BatchNorm2d(8), nn.Hardswish())
    looked_at = look(network)
    found = list(rewritten(network, looked_at, find_all(looked_at)))
    assert len(found) == 2
    assert all(c.about.why == "it cannot be rewritten: RuntimeError: not me" for c in found)


@pytest.mark.parametrize("name", registry.names("lint rewrite"))
def test_a_rewrite_says_what_its_network_answers(name):
    rewrite = registry.load("lint rewrite", name)
    assert rewrite.ANSWERS in ("same", "rounded", "retrained")
    assert hasattr(rewrite, "rewrite") != hasattr(rewrite, "settings")


def test_every_rewrite_that_a_rule_names_is_there():
    network = nn.Sequential(
        conv(8, 8, 3),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        Gate(8),
        nn.MaxPool2d(5),
        conv(8, 8, 1, groups=2),
    )
    named = {f.rewrite for f in find_all(look(copy.deepcopy(network), "8x20x20"))} - {""}
    assert named == {"fold_norms", "plain_activations", "no_gates", "separate_pools", "one_group"}
    assert named <= {*registry.names("lint rewrite")}
