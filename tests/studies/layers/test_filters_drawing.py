"""Filters as a figure, and on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from drawings import UGLY, check_words, texts
from PIL import Image
from torch import nn

from lightbench.errors import UsageError
from lightbench.figures.save import save
from lightbench.studies.layers.filters import Filters, filters
from lightbench.studies.layers.filters_drawing import LINE, draw, mosaic

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=6), nn.Conv2d(6, 70, 1), nn.ReLU())
"""


@pytest.fixture
def image(tmp_path):
    Image.effect_noise((20, 16), 90).convert("RGB").save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    return f"{tmp_path / 'net.py'}:Net"


def layers(count, **how):
    names = [str(i) for i in range(count)]
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=6), nn.Conv2d(6, 100, 1))
    return filters(net, names, **how)


# The figure.


def test_tiles_stand_in_rows_with_lines_between_them():
    tiles = np.arange(5.0).repeat(4).reshape(5, 2, 2) / 10  # one grey each
    page = mosaic(tiles)
    size = (page.shape[1] - 2 * LINE) // 3  # three in a row
    assert page.shape == (2 * size + LINE, 3 * size + 2 * LINE)
    for tile in range(5):
        row, column = divmod(tile, 3)
        top, left = row * (size + LINE), column * (size + LINE)
        assert np.all(page[top : top + size, left : left + size] == tile / 10)
    assert np.all(page[:, size : size + LINE] == 1)
    assert np.all(page[size + LINE :, 2 * (size + LINE) :] == 1)  # where there is none


def test_pixels_of_a_tile_keep_their_places_and_colours():
    tile = np.array([[[[1.0, 0, 0], [0, 1.0, 0]], [[0, 0, 1.0], [0, 0, 0]]]])
    page = mosaic(tile)
    corners = [page[0, 0], page[0, -1], page[-1, 0], page[-1, -1]]
    assert [corner.tolist() for corner in corners] == tile[0].reshape(4, 3).tolist()


def test_a_figure_says_how_each_is_drawn_and_what_was_cut():
    said = "\n".join(texts(draw(layers(3))))
    assert "0\n6 filters, 3x3\nred, green and blue are the three inputs\nblack -" in said
    assert "1\n6 filters, 3x3\none plane each, of the one input that it has" in said
    assert "2\nthe first 64 of 100 filters, 1x1\na row each, a column for each input" in said


def test_with_an_image_its_maps_stand_beside_and_it_stands_above(image):
    figure = draw(layers(3, image=image, input="3x16x16"))
    assert sum(bool(axes.images) for axes in figure.axes) == 7
    said = "\n".join(texts(figure))
    assert "a.png" in said
    assert "what it makes of the image\nthe first 64 of 100 maps" in said


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("pictured", [False, True])
@pytest.mark.parametrize("name", ["resnet18", *UGLY])
def test_no_words_overlap_or_leave_the_picture(count, pictured, name, image):
    how = {"image": image, "input": "3x16x16"} if pictured else {}
    found = layers(count, **how)
    wide = found.convolutions[-1]._replace(path=name, how="rows", weight=(1280, 320, 1, 1))
    figure = draw(Filters(name, name, found.image, (*found.convolutions[:-1], wide)))
    check_words(figure)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_figure_has_the_same_bytes_each_time(suffix, image, tmp_path):
    torch.manual_seed(0)
    found = layers(2, image=image, input="3x16x16")
    for name in ("x", "y"):
        save(draw(found), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"x.{suffix}").read_bytes() == (tmp_path / f"y.{suffix}").read_bytes()


def test_nothing_is_nothing_to_draw():
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(Filters("net", None, None, ()))


# The command.


def test_the_command_draws_with_the_weights_that_are_named(net, lightbench, tmp_path, image):
    weight = torch.full((6, 3, 3, 3), 0.25)
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=6), nn.Conv2d(6, 70, 1))
    torch.save(module.state_dict() | {"0.weight": weight}, tmp_path / "w.pt")
    answer = lightbench(
        "layers", net, "--filters", "0", "--filters", "2", "--weights", tmp_path / "w.pt",
        "--image", image, "--input", "3x16x16", "--figure", tmp_path / "f.svg", "--format", "json",
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, f"lightbench: wrote {tmp_path / 'f.svg'}\n")
    first, last = json.loads(answer.out)["convolutions"]
    assert first["largest"] == 0.25
    assert (first["how"], last["how"]) == ("colour", "rows")
    assert (last["filters"], last["drawn"], last["maps"], last["maps_drawn"]) == (70, 64, 70, 64)
    assert "</svg>" in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--filters 0", "--filters draws: it needs a file"),
        ("--weights w.pt --figure f.png", "--weights is for --filters"),
        ("--image a.png --figure f.png", "--image is for --filters"),
        ("--filters 0 --figure f.bmp", "cannot draw into 'f.bmp'"),
        ("--filters 0 --figure f.png --measure", "--measure has no meaning beside it"),
        ("--filters 0 --figure f.png --batch 2", "--batch has no meaning beside it"),
        ("--filters 0 --figure f.png --device cpu", "--device has no meaning beside it"),
        ("--filters 3 --figure f.png", "'3' is a ReLU, and no two-dimensional convolution"),
        ("--filters 5 --figure f.png", "no convolution is called '5'"),
        ("--filters 0 --figure f.png --weights no.pt", "there is no file 'no.pt'"),
        ("--filters 0 --figure f.png --image no.png", "no.png"),
        ("--filters 0 --figure f.png --image net.py", "'net.py' is no image"),
        ("--filters 0 --figure net.py", "would write over"),
        ("--filters 0 --figure f.png --input 3x8x8 --input 3x8x8", "an image is one input"),
        ("--filters 0 --figure a.png --image a.png", "would write over"),
    ],
)
def test_what_cannot_be_drawn_is_said(words, said, net, lightbench, tmp_path, monkeypatch, image):
    monkeypatch.chdir(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    answer = lightbench("layers", net, *words.split())
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before
