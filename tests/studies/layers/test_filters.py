"""Filters of convolutions, and what they make of an image."""

from __future__ import annotations

import pytest
import torch
from colours import Colours
from PIL import Image
from torch import nn

from lightbench.errors import ModelError, UnknownName, UsageError
from lightbench.studies.layers.filters import CONVOLUTIONS, MOST, filters


def conv(weight, **how):
    """A convolution of these weights, filters x inputs x height x width."""
    weight = torch.as_tensor(weight, dtype=torch.float32)
    made = nn.Conv2d(weight.shape[1] * how.get("groups", 1), *weight.shape[:1], weight.shape[2:], bias=False, **how)  # fmt: skip
    made.load_state_dict({"weight": weight})
    return made


def one(module, **how):
    """What is found of a network of this convolution alone."""
    (found,) = filters(nn.Sequential(module), ["0"], **how).convolutions
    return found


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 100, 1))
        self.unused = nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(100, 3)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


# How filters are drawn.


def test_three_inputs_are_red_green_and_blue_and_zero_is_grey():
    weight = torch.zeros(2, 3, 2, 2)
    weight[0, 0, 0, 1], weight[1, 2, 1, 0] = 2.0, -2.0
    found = one(conv(weight))
    tiles = found.filters.tiles
    assert (found.how, tuple(tiles.shape)) == ("colour", (2, 2, 2, 3))
    assert tiles[0, 0, 1].tolist() == [1.0, 0.5, 0.5]  # the largest weight of red
    assert tiles[1, 1, 0].tolist() == [0.5, 0.5, 0.0]  # as much of blue, below zero
    assert tiles[0, 0, 0].tolist() == [0.5, 0.5, 0.5]
    assert (found.filters.low, found.filters.high) == (-2.0, 2.0)


def test_depthwise_filters_are_planes_in_their_order():
    weight = torch.arange(-4.0, 5.0).repeat(5, 1).reshape(5, 1, 3, 3)
    weight[2] = 4.0
    found = one(conv(weight, groups=5))
    assert (found.how, found.weight, found.groups) == ("plane", (5, 1, 3, 3), 5)
    assert torch.equal(found.filters.tiles[0], torch.arange(0.0, 9.0).reshape(3, 3) / 8)
    assert torch.all(found.filters.tiles[2] == 1)


def test_other_filters_are_the_mean_over_their_inputs():
    weight = torch.zeros(1, 4, 3, 3)
    weight[0, :, 1, 1] = torch.tensor([1.0, 2.0, 3.0, 6.0])
    weight[0, 0, 0, 0] = 6.0  # 1.5 in the mean
    found = one(conv(weight))
    assert found.how == "mean"
    assert found.filters.high == 3.0
    assert found.filters.tiles[0, 1, 1] == 1.0
    assert found.filters.tiles[0, 0, 0] == 0.75


def test_groups_of_three_inputs_are_no_colours():
    assert one(nn.Conv2d(6, 4, 3, groups=2)).how == "mean"


def test_pointwise_filters_are_rows():
    weight = torch.tensor([[1.0, -1.0, 0.5, 0.0], [0.0, 0.0, 0.0, -0.5]])[:, :, None, None]
    found = one(conv(weight))
    assert found.how == "rows"
    assert found.filters.tiles.tolist() == [[[1.0, 0.0, 0.75, 0.5], [0.5, 0.5, 0.5, 0.25]]]


@pytest.mark.parametrize(
    "module", [nn.Conv2d(3, 100, 3), nn.Conv2d(100, 100, 3, groups=100), nn.Conv2d(9, 100, 3)]
)
def test_of_too_many_the_first_are_drawn_and_it_is_said(module):
    found = filters(nn.Sequential(module), ["0"])
    drawn = found.convolutions[0].filters
    assert (len(drawn.tiles), drawn.drawn, drawn.there) == (MOST, MOST, 100)
    assert found.view.table.named(found.view.table.rows[0])["drawn"] == 64
    whole = filters(nn.Sequential(module), ["0"]).convolutions[0].filters.tiles
    assert torch.equal(drawn.tiles, whole[:64])


def test_of_too_many_inputs_of_pointwise_filters_it_is_said_which():
    found = filters(nn.Sequential(nn.Conv2d(200, 100, 1)), ["0"])
    assert tuple(found.convolutions[0].filters.tiles.shape) == (1, 64, 64)
    assert "0: a row each, with the first 64 of 200 inputs." in found.view.table.notes


def test_a_few_large_weights_do_not_turn_all_others_grey():
    weight = torch.ones(64, 1, 5, 5)
    weight[0, 0, 0, 0] = 1000.0
    found = one(conv(weight, groups=64))
    assert found.filters.high == 1.0
    assert torch.all(found.filters.tiles == 1)


def test_weights_that_are_zero_are_grey():
    assert torch.all(one(conv(torch.zeros(2, 1, 3, 3), groups=2)).filters.tiles == 0.5)


def test_weights_that_are_nan_are_drawn_as_zero_and_said():
    weight = torch.ones(2, 1, 1, 2)
    weight[0, 0, 0, 0], weight[1, 0, 0, 0] = float("nan"), float("inf")
    found = filters(nn.Sequential(conv(weight, groups=2)), ["0"])
    assert found.convolutions[0].filters.tiles.flatten().tolist() == [0.5, 1.0, 0.5, 1.0]
    assert any("weights that are NaN or infinite" in note for note in found.view.table.sentences)


def test_names_are_in_the_order_in_which_they_are_named_and_each_once():
    found = filters(Net(), ["body.1", "stem.0", "body.1"])
    assert [one.path for one in found.convolutions] == ["body.1", "stem.0"]
    assert [one.how for one in found.convolutions] == ["rows", "colour"]


def test_the_network_is_left_as_it_was():
    net = Net().train()
    filters(net, ["stem.0"])
    assert net.training
    assert not net.stem[0]._forward_hooks


# What is made of an image.


@pytest.fixture
def image(tmp_path):
    """The left half is red, the right half black."""
    made = Image.new("RGB", (8, 8))
    made.paste((255, 0, 0), (0, 0, 4, 8))
    made.save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_maps_are_what_the_convolution_makes_of_the_image_in_order(image):
    # the first looks at red, the second at the negative of red, the third at a constant of green
    weight = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0], [0, 0, 0]])[:, :, None, None]
    found = one(conv(weight), image=image, input="3x8x8")
    red = torch.zeros(8, 8)
    red[:, :4] = 1
    high, low = (1 - 0.485) / 0.229, (0 - 0.485) / 0.229  # normalised as ImageNet
    assert found.maps.there == 3
    assert (found.maps.low, found.maps.high) == pytest.approx((-high, high))
    want = [(red * (high - low) + low + high) / (2 * high)]
    want += [1 - want[0], torch.full((8, 8), 0.5)]
    assert torch.allclose(found.maps.tiles, torch.stack(want), atol=1e-5)


def test_what_is_written_over_afterwards_was_seen_before(image):
    weight = torch.tensor([[-1.0, 0, 0]])[:, :, None, None]
    plain, written = (
        filters(nn.Sequential(conv(weight), *more), ["0"], image=image, input="3x8x8")
        for more in ((), (nn.ReLU(inplace=True),))
    )
    maps = [found.convolutions[0].maps for found in (plain, written)]
    assert maps[0].low < 0
    assert maps[0].low == maps[1].low
    assert torch.equal(maps[0].tiles, maps[1].tiles)


def test_of_a_convolution_that_is_called_again_it_is_the_first_time(image):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return self.conv(self.conv(x)) * 0

    net = Twice()
    alone = filters(nn.Sequential(net.conv), ["0"], image=image, input="3x8x8")
    found = filters(net, ["conv"], image=image, input="3x8x8")
    assert torch.equal(found.convolutions[0].maps.tiles, alone.convolutions[0].maps.tiles)


def test_of_many_maps_the_first_are_drawn(image):
    found = filters(Net(), ["body.1", "stem.0"], image=image, input="3x8x8")
    assert [(one.maps.drawn, one.maps.there) for one in found.convolutions] == [(64, 100), (8, 8)]
    rows = [found.view.table.named(row) for row in found.view.table.rows]
    assert [(row["maps"], row["maps_drawn"]) for row in rows] == [(100, 64), (8, 8)]


def test_one_that_sees_nothing_of_the_image_is_said(image):
    with pytest.raises(UsageError, match="'unused' is not called when the network sees an image"):
        filters(Net(), ["unused"], image=image, input="3x8x8")


def test_a_network_that_fails_names_the_module_and_has_no_hook_left(image):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(5, 4, 1))
    with pytest.raises(ModelError, match="the forward pass failed in Conv2d `1`"):
        filters(net, ["0"], image=image, input="3x8x8")
    assert not net[0]._forward_hooks


# Names.


def test_a_block_with_one_convolution_stands_for_it():
    net = Net()
    block, itself = filters(net, ["stem", "stem.0"]).convolutions
    assert block.path == "stem"
    assert (block.filters.tiles == itself.filters.tiles).all()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("body", "'body' is a Sequential, and no two-dimensional convolution.\n  Did you mean body.0"),
        ("stem.1", "'stem.1' is a BatchNorm2d, and no two-dimensional convolution.\n  Did you mean stem.0"),
        ("head", "'head' is a Linear"),
        ("stem.9", "no convolution is called 'stem.9'.\n  Did you mean stem.0"),
        ("zzz", "no convolution is called 'zzz'.\n  `lightbench layers MODEL` shows them all."),
        ("", "'' is a Net, and no two-dimensional convolution"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_convolution_is_said_with_the_nearest(name, said):
    with pytest.raises(UsageError) as raised:
        filters(Net(), ["stem.0", name])
    assert said in str(raised.value)
    assert isinstance(raised.value, UnknownName) == said.startswith("no convolution")


@pytest.mark.parametrize(
    "other", [nn.Conv1d(3, 4, 3), nn.ConvTranspose2d(3, 4, 3), nn.Conv3d(3, 4, 3)]
)
def test_other_convolutions_than_of_two_dimensions_are_not_drawn(other):
    with pytest.raises(UsageError, match=r"and no two-dimensional convolution"):
        filters(nn.Sequential(nn.Conv2d(3, 4, 3), other), ["1"])


def test_a_network_without_convolutions_is_said():
    with pytest.raises(UsageError, match="Colours has no two-dimensional convolution"):
        filters(Colours(), ["0"])


def test_a_figure_has_room_for_so_many():
    with pytest.raises(UsageError, match=f"has room for {CONVOLUTIONS} convolutions, and 17"):
        filters(Net(), [str(i) for i in range(17)])
