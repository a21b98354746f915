"""The networks are the published ones: parameters and MAdds to the last digit that is known.

MAdds are counted here by PyTorch's own FlopCounterMode; lightbench's counter has its own tests.
"""

from __future__ import annotations

import ast
import importlib
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lightbench.errors import MissingPackage
from lightbench.models import zoo
from lightbench.models.blocks import channel_shuffle, make_divisible
from lightbench.models.torchvision import import_torchvision

# name: (params, MAdds); facts/models.md sections 2.1, 2.2, 3.1; SqueezeNet: facts/counters.md.
EXACT = {
    "mobilenet_v1": (4_231_976, 568_740_352),
    "mobilenet_v1_x0_25": (470_072, 41_030_272),
    "mobilenet_v1_x0_5": (1_331_592, 149_497_088),
    "mobilenet_v1_x0_75": (2_585_560, 325_400_448),
    "convnet": (29_294_088, 4_867_293_184),
    "mobilenet_v2": (3_504_872, 300_774_272),
    "mobilenet_v2_x1_4": (6_108_776, 582_195_824),
    "mobilenet_v3_large": (5_483_032, 216_589_760),
    "mobilenet_v3_small": (2_542_856, 56_510_400),
    "mobilenet_v3_large_x0_75": (3_993_528, 154_560_624),
    "mobilenet_v3_small_x0_75": (2_041_872, 43_399_344),
    "mobilenet_v3_large_2019": (5_476_416, 219_799_200),
    "resnet50": (25_557_032, 4_089_184_256),
    "squeezenet1_1": (1_235_496, 349_151_936),
    "shufflenet_v2_x0_5": (1_365_792, 40_476_448),
    "shufflenet_v2_x1_0": (2_278_760, 145_814_296),
    "shufflenet_v2_x1_5": (3_506_720, 298_970_656),
    "shufflenet_v2_x2_0": (7_402_600, 590_783_000),
    "shufflenet_v2_x1_0_halves": (2_278_604, 144_907_992),
    "example_conv_g4": (1_184, 57_802_752),
    "example_conv_g1": (4_640, 231_211_008),
    # 3 -> 4 channels: 4*3*9, and 3*9 + 4*3; one weight is one MAdd at each of 64 x 64 places.
    "example_dense": (108, 108 * 64 * 64),
    "example_separable": (27 + 12, (27 + 12) * 64 * 64),
}

# name: (params, MAdds in millions to two decimals, or to one); facts/models.md sections 2.1, 2.2.
ROUNDED = {
    "mobilenet_v1_cifar": (3_217_226, "46.35"),
    "mobilenet_v1_cifar100": (3_309_476, "46.45"),
    "mobilenet_v2_x0_75": (2_636_424, "209.1"),
    "mobilenet_v2_x0_5": (1_968_680, "97.1"),
    "mobilenet_v2_x0_35": (1_677_128, "59.3"),
    "shufflenet_v1_x0_5_g3": (717_324, "37.59"),
    "shufflenet_v1_x1_0_g3": (1_864_728, "137.46"),
    "shufflenet_v1_x1_5_g3": (3_441_168, "292.44"),
    "shufflenet_v1_x2_0_g3": (5_449_776, "524.05"),
    "shufflenet_v1_x0_5_g8": (1_010_448, "40.47"),
    "shufflenet_v1_x1_0_g8": (2_433_768, "138.37"),
    "shufflenet_v1_x1_5_g8": (4_268_952, "290.19"),
    "shufflenet_v1_x2_0_g8": (6_521_232, "521.94"),
    "shufflenet_v2_x0_5_halves": (1_366_792, "40.48"),
    "shufflenet_v2_x1_5_halves": (3_503_624, "295.76"),
    "shufflenet_v2_x2_0_halves": (7_393_996, "583.25"),
    "shufflenet_v2_x0_5_cifar": (352_042, "10.90"),
    "shufflenet_v2_x1_0_cifar": (1_263_854, "45.00"),
    "shufflenet_v2_x1_5_cifar": (2_488_874, "94.26"),
    "shufflenet_v2_x2_0_cifar": (5_365_486, "187.81"),
}

# What thop of January 2020 printed, before float32 rounding; facts/models.md section 2.1.
THOP_2020 = {
    "resnet50": 4_113_562_624,
    "example_conv_g4": 59_408_384,
    "example_conv_g1": 232_816_640,
    "mobilenet_v1": 579_850_752,
    "convnet": 4_874_540_032,
    "mobilenet_v2": 315_410_496,
    "mobilenet_v3_large_2019": 232_431_274,
}

TORCHVISION = {
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "shufflenet_v2_x0_5_halves": "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0_halves": "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5_halves": "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0_halves": "shufflenet_v2_x2_0",
    "squeezenet1_0": "squeezenet1_0",
    "squeezenet1_1": "squeezenet1_1",
}


def read_tables(path):
    tables = {"VARIANTS": {}, "INPUTS": {}}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id in tables:
                tables[target.id] = ast.literal_eval(node.value)
    return tables["VARIANTS"], tables["INPUTS"]


FAMILIES = {path.stem: read_tables(path) for path in sorted(Path(zoo.__path__[0]).glob("[!_]*.py"))}
VARIANTS = {
    name: (family, options, inputs.get(name, "3x224x224"))
    for family, (variants, inputs) in FAMILIES.items()
    for name, options in variants.items()
}
NETWORKS = [name for name in VARIANTS if not name.startswith("example_")]


def build(name):
    family, options, _ = VARIANTS[name]
    return importlib.import_module(f"lightbench.models.zoo.{family}").build(**options).eval()


def build_on_meta(name):
    shape = [int(size) for size in VARIANTS[name][2].split("x")]
    with torch.device("meta"):
        return build(name), torch.empty(1, *shape)


@cache
def count(name):
    model, image = build_on_meta(name)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(image)
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops() // 2


@pytest.fixture(scope="module")
def torchvision():
    try:
        return import_torchvision()
    except MissingPackage as missing:
        pytest.skip(str(missing))


def test_every_variant_has_one_name():
    assert len(VARIANTS) == sum(len(variants) for variants, _ in FAMILIES.values())


def test_every_input_belongs_to_a_variant_of_the_same_file():
    for variants, inputs in FAMILIES.values():
        assert inputs.keys() <= variants.keys()


@pytest.mark.parametrize("name", EXACT)
def test_params_and_madds_are_the_published_ones(name):
    assert count(name) == EXACT[name]


@pytest.mark.parametrize("name", ROUNDED)
def test_params_and_madds_are_the_published_ones_as_far_as_they_are_printed(name):
    params, madds = count(name)
    printed = ROUNDED[name][1]
    decimals = len(printed.partition(".")[2])
    assert (params, f"{madds / 1e6:.{decimals}f}") == ROUNDED[name]


def test_the_small_network_of_2019_has_2_94_million_params():
    params, madds = count("mobilenet_v3_small_2019")
    assert (round(params / 1e6, 2), madds) == (2.94, 60_119_520)


@pytest.mark.parametrize(("groups", "millions"), [(1, 143), (2, 140), (3, 137), (4, 133), (8, 137)])
def test_group_numbers_cost_what_table_1_of_shufflenet_says(groups, millions):
    _, madds = count(f"shufflenet_v1_x1_0_g{groups}")
    assert madds / 1e6 == pytest.approx(millions, rel=0.011)  # the authors' own 138.37 is at 1 %


def test_a_separable_convolution_costs_the_fraction_of_the_paper():
    # MobileNetV1, section 3.1: 1/N + 1/D_K^2 of the dense convolution.
    _, dense = count("example_dense")
    _, separable = count("example_separable")
    assert separable / dense == pytest.approx(1 / 4 + 1 / 9)


def thop_2020(module, image, out):
    positions = out.numel() // out.shape[1]
    match module:
        case nn.Conv2d(weight=weight, bias=bias):
            return positions * (weight.numel() + (0 if bias is None else bias.numel()))
        case nn.BatchNorm2d():
            return 2 * out.numel()
        case nn.Linear(in_features=width, bias=bias):
            return out.numel() * (2 * width - (bias is None))
        case nn.AvgPool2d():
            return out.numel()
        case nn.AdaptiveAvgPool2d():
            return image.numel() + out.numel()
    return 0


@pytest.mark.parametrize("name", THOP_2020)
def test_the_totals_that_thop_printed_in_2020_come_out(name):
    model, image = build_on_meta(name)
    if name in {"mobilenet_v1", "convnet"}:
        model.avgpool = nn.AvgPool2d(7)  # as counted there; ours takes any resolution
    total = 0

    def add(module, args, out):
        nonlocal total
        total += thop_2020(module, args[0], out)

    for module in model.modules():
        module.register_forward_hook(add)
    with torch.no_grad():
        model(image)
    assert total == THOP_2020[name]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_builds_on_the_meta_device(name):
    model, _ = build_on_meta(name)
    assert all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers()))


@pytest.mark.parametrize("name", NETWORKS)
def test_two_images_give_finite_logits_that_differ(name):
    _, options, shape = VARIANTS[name]
    torch.manual_seed(0)
    with torch.no_grad():
        logits = build(name)(torch.randn(2, 3, *([32, 32] if "32x32" in shape else [64, 64])))
    assert logits.shape == (2, options.get("num_classes", 1000))
    assert logits.isfinite().all()
    # An initialisation that fades away would leave only the classifier's bias.
    assert (logits[0] - logits[1]).abs().max() > 1e-5


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("example_")])
def test_examples_keep_the_size_of_the_map(name):
    channels = VARIANTS[name][1]
    with torch.no_grad():
        out = build(name)(torch.randn(2, channels["in_channels"], 8, 8))
    assert out.shape == (2, channels["out_channels"], 8, 8)


@pytest.mark.parametrize("resolution", [192, 160, 128])
def test_mobilenet_v1_takes_the_resolutions_of_table_7(resolution):
    madds = {192: 418.1, 160: 290.7, 128: 186.4}
    model, _ = build_on_meta("mobilenet_v1")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, resolution, resolution, device="meta"))
    assert round(counter.get_total_flops() / 2e6, 1) == madds[resolution]


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_weights_load_and_give_torchvisions_logits(name, torchvision):
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(TORCHVISION[name]).eval()
    ours = build(name)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("name", TORCHVISION)
def test_counts_are_those_in_torchvisions_metadata(name, torchvision):
    meta = torchvision.models.get_model_weights(TORCHVISION[name]).DEFAULT.meta
    params, madds = count(name)
    assert (params, round(madds / 1e9, 3)) == (meta["num_params"], meta["_ops"])


@pytest.mark.parametrize(
    ("groups", "order"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 3, 1, 4, 2, 5]), (3, [0, 2, 4, 1, 3, 5])]
)
def test_the_shuffle_deals_channels_like_cards(groups, order):
    channels = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert channel_shuffle(channels, groups).flatten().tolist() == order


def test_shuffling_back_needs_the_other_divisor():
    x = torch.randn(2, 12, 3, 5)
    assert torch.equal(channel_shuffle(channel_shuffle(x, 3), 4), x)


def test_each_group_of_shufflenet_v1_sees_every_group_before_it():
    unit = build("shufflenet_v1_x1_0_g3").features[1]
    x = torch.randn(1, 240, 4, 4, requires_grad=True)
    branch = unit.expand(unit.depthwise(channel_shuffle(unit.reduce(x), 3)))
    for out_group in branch.chunk(3, dim=1):
        (seen,) = torch.autograd.grad(out_group.square().sum(), x, retain_graph=True)
        assert [bool(group.any()) for group in seen.chunk(3, dim=1)] == [True, True, True]


def test_half_of_what_a_shufflenet_v2_unit_transforms_was_untouched_before():
    # Figure 3c: left half untouched, right half through the branch. Next split: 29 of each.
    came_from_branch = torch.arange(116.0).reshape(1, 116, 1, 1) >= 58
    left, right = channel_shuffle(came_from_branch.float(), 2).chunk(2, dim=1)
    assert (left.sum(), right.sum()) == (29, 29)


def test_widths_are_multiples_of_8_and_lose_at_most_a_tenth():
    widths = [make_divisible(channels, width) for channels, width in ((32, 0.35), (24, 0.75))]
    assert widths == [16, 24]  # 11.2 -> 8 and 18 -> 16 would lose more
    assert make_divisible(16, 0.35) == 8


@pytest.mark.parametrize("family", ["mobilenet_v1", "convnet", "mobilenet_v2", "mobilenet_v3"])
@pytest.mark.parametrize("width", [0, -1.0, float("nan"), float("inf")])
def test_a_width_that_makes_no_network_is_refused(family, width):
    module = importlib.import_module(f"lightbench.models.zoo.{family}")
    with pytest.raises(ValueError, match="width multiplier is above 0"):
        module.build(width=width)


@pytest.mark.parametrize("family", ["shufflenet_v1", "shufflenet_v2"])
@pytest.mark.parametrize("width", [0, -1.0, 0.7, float("nan")])
def test_a_width_that_the_paper_does_not_have_is_refused(family, width):
    module = importlib.import_module(f"lightbench.models.zoo.{family}")
    with pytest.raises(ValueError, match=r"ShuffleNetV\d comes"):
        module.build(width=width)


@pytest.mark.parametrize(
    ("family", "options", "sentence"),
    [
        ("shufflenet_v1", {"groups": 5}, "comes with groups 1, 2, 3, 4, 8"),
        ("shufflenet_v1", {"groups": 0}, "comes with groups 1, 2, 3, 4, 8"),
        ("shufflenet_v1", {"groups": 2, "width": 0.5}, "25 channels inside, which 2 groups do not"),
        ("shufflenet_v1", {"groups": 4, "width": 0.5}, "34 channels inside, which 4 groups do not"),
        ("examples", {"in_channels": 16, "out_channels": 32, "groups": 3}, "3 does not divide"),
        ("examples", {"in_channels": 16, "out_channels": 32, "groups": 0}, "0 does not divide"),
        ("mobilenet_v3", {"size": "huge"}, "large or small, not 'huge'"),
        ("mobilenet_v3_2019", {"size": "huge"}, "large or small, not 'huge'"),
        ("squeezenet", {"version": "2"}, "1_0 or 1_1, not '2'"),
        ("resnet", {"depth": 20}, "18, 34, 50 layers, not 20"),
    ],
)
def test_a_refusal_says_what_there_is(family, options, sentence):
    module = importlib.import_module(f"lightbench.models.zoo.{family}")
    with pytest.raises(ValueError, match=sentence):
        module.build(**options)


def test_torchvision_is_imported_once(torchvision):
    assert import_torchvision() is torchvision
    assert sys.modules["torchvision"] is torchvision


def test_a_missing_torchvision_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingPackage, match="pip install"):
        import_torchvision()


def test_another_fault_of_torchvision_is_not_hidden(monkeypatch):
    def fail(name):
        raise RuntimeError(f"{name} is broken in its own way")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="in its own way"):
        import_torchvision()
