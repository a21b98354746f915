"""`lightbench.predict`: classes and probabilities that a formula gives."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from colours import Colours
from PIL import Image
from torch import nn

import lightbench as lb
from lightbench.errors import ModelError, UsageError

HOW = {"input": "3x4x4"}


def best(found):
    return {
        image.path.rpartition("/")[2]: image.guesses[0] for image in found.images if image.guesses
    }


@pytest.mark.parametrize(
    ("end", "ending"), [(None, "scores"), (nn.Softmax(1), "softmax"), (nn.LogSoftmax(1), "log_softmax")]
)  # fmt: skip
def test_of_a_red_image_eight_tenths_are_red(end, ending, photos, weights):
    net = Colours() if end is None else Colours(end)
    found = lb.predict(net, photos, weights=weights, top=3, **HOW)
    assert found.ending == ending
    assert [image.path for image in found.images] == [
        str(photos / f"{name}.png") for name in ("black", "blue", "green", "red")
    ]
    for image, number in zip(found.images[1:], (2, 1, 0), strict=True):
        assert image.guesses[0].number == number
        assert [guess.probability for guess in image.guesses] == pytest.approx([0.8, 0.1, 0.1])
    black = found.images[0].guesses
    assert [guess.probability for guess in black] == pytest.approx([1 / 3] * 3)
    assert [guess.name for guess in black] == ["red one", "green one", "blue one"]
    assert (found.skipped, found.exit_code, found.assumed) == (1, 0, False)


def test_without_a_note_imagenets_normalisation_is_assumed_and_said(photos):
    found = lb.predict(Colours(), photos / "red.png", **HOW)
    # (1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0 - 0.406) / 0.225
    scores = [math.log(8) * x for x in (0.515 / 0.229, -0.456 / 0.224, -0.406 / 0.225)]
    total = math.fsum(map(math.exp, scores))
    (guess,) = found.images[0].guesses
    assert guess == (0, "0", pytest.approx(math.exp(scores[0]) / total))
    assert found.assumed
    said = " ".join(found.view.table.notes)
    assert "ImageNet's values were assumed (4x4, mean 0.485 0.456 0.406" in said
    assert "numbers stand for them" in said


def test_a_network_for_grey_images_sees_them_grey(tmp_path):
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    net.load_state_dict({"2.weight": torch.tensor([[1.0], [0.0]]), "2.bias": torch.zeros(2)})
    Image.new("L", (4, 4), 51).save(tmp_path / "a.png")
    Image.new("RGB", (4, 4), (51, 51, 51)).save(tmp_path / "b.png")
    found = lb.predict(net, tmp_path, input="1x4x4", top=2)
    score = (51 / 255 - (0.485 + 0.456 + 0.406) / 3) / ((0.229 + 0.224 + 0.225) / 3)
    for image in found.images:
        shares = {guess.number: guess.probability for guess in image.guesses}
        assert shares[0] == pytest.approx(1 / (1 + math.exp(-score)), rel=1e-5)


def test_a_module_is_left_as_it_was(photos, weights):
    net = Colours(nn.Dropout(0.5)).train()
    before = copy.deepcopy(net.state_dict())
    lb.predict(net, photos / "red.png", **HOW)
    other = nn.Sequential(*Colours())
    nn.init.zeros_(other[2].weight)
    found = lb.predict(other, photos / "red.png", weights=weights, **HOW)
    assert found.images[0].guesses[0].probability == pytest.approx(0.8)
    assert net.training
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())
    assert torch.all(other[2].weight == 0)


def test_the_caller_draws_the_random_numbers_that_it_would_have_drawn(photos):
    net = Colours()
    torch.manual_seed(3)
    want = torch.rand(2)
    torch.manual_seed(3)
    lb.predict(net, photos / "red.png", **HOW)
    assert torch.equal(torch.rand(2), want)


def test_images_are_shown_in_batches_that_change_nothing(photos, monkeypatch):
    monkeypatch.setattr(Colours, "__deepcopy__", lambda self, memo: self, raising=False)
    all_at_once, one_by_one = Colours(), Colours()
    a = lb.predict(all_at_once, photos, batch=3, top=3, **HOW)
    b = lb.predict(one_by_one, photos, batch=1, top=3, **HOW)
    assert (all_at_once.seen, one_by_one.seen) == ([3, 1], [1] * 4)
    for left, right in zip(a.images, b.images, strict=True):
        shares = [{guess.number: guess.probability for guess in x.guesses} for x in (left, right)]
        assert shares[0] == pytest.approx(shares[1])


def test_a_network_in_half_precision_is_shown_images_in_half_precision(photos, weights):
    found = lb.predict(Colours().bfloat16(), photos / "red.png", weights=weights, **HOW)
    assert found.images[0].guesses[0].probability == pytest.approx(0.8, rel=0.01)


# What is damaged.


def test_a_damaged_image_beside_others_is_a_row_with_its_reason(photos, damaged, weights):
    found = lb.predict(Colours(), damaged, photos / "red.png", weights=weights, **HOW)
    assert found.images[0].guesses == ()
    assert found.images[0].problem.startswith("is damaged: ")
    assert found.images[1].guesses[0].name == "red one"
    assert found.exit_code == 3
    assert any(f"no answer for {damaged}: it is damaged: " in n for n in found.view.table.sentences)


def test_a_damaged_image_alone_is_an_error(damaged, weights):
    with pytest.raises(UsageError, match=r"damaged.png' is damaged: "):
        lb.predict(Colours(), damaged, weights=weights, **HOW)


def test_of_many_damaged_images_some_are_told_and_all_are_in_the_table(tmp_path, damaged):
    for i in range(30):
        (tmp_path / f"{i:02}.jpg").write_bytes(damaged.read_bytes())
    found = lb.predict(Colours(), tmp_path, **HOW)
    assert found.exit_code == 2
    table = found.view.table
    assert [table.named(row)["problem"].partition(":")[0] for row in table.rows] == [
        "is damaged"
    ] * 31
    assert sum("no answer for" in note for note in table.sentences) == 11
    assert "no answer for 21 more; --format csv has all reasons." in table.sentences


def test_nan_is_said_of_the_image_that_leads_to_it(photos, weights):
    class Divided(Colours):
        def forward(self, x):
            return super().forward(x) / x.mean((1, 2, 3))[:, None].sign()  # 0/0 for black

    found = lb.predict(Divided(), photos, weights=weights, batch=2, **HOW)
    problems = [image.problem for image in found.images]
    assert problems == ["makes the network answer with NaN or infinity", None, None, None]
    assert best(found)["red.png"].probability == pytest.approx(0.8)
    assert found.exit_code == 3
    with pytest.raises(ModelError, match=r"black.png' makes the network answer with NaN"):
        lb.predict(Divided(), photos / "black.png", weights=weights, **HOW)


def test_weights_that_are_nan_answer_for_no_image(photos, tmp_path):
    net = Colours()
    nn.init.constant_(net[2].weight, math.nan)
    found = lb.predict(net, photos, **HOW)
    assert found.exit_code == 2
    assert not best(found)


def test_a_strip_of_an_image_does_not_fill_the_memory(tmp_path, weights):
    """Scaled to four pixels of height as a whole it would be 240,000 wide; its middle is blue."""
    image = Image.new("RGB", (60_000, 1), (255, 0, 0))
    image.paste((0, 0, 255), (29_000, 0, 31_000, 1))
    image.save(tmp_path / "strip.png")
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "tower.png")
    found = lb.predict(
        Colours(), tmp_path / "strip.png", tmp_path / "tower.png", weights=weights, **HOW
    )
    assert [image.guesses[0].name for image in found.images] == ["blue one", "blue one"]


# What is refused.


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"top": 0}, "top is a whole number above zero"),
        ({"top": True}, "top is a whole number above zero"),
        ({"batch": 0}, "batch is a whole number above zero"),
        ({"batch": 2.0}, "batch is a whole number above zero"),
        ({"device": "null"}, "'null' computes nothing"),
        ({"device": "nul"}, "no device is called 'nul'"),
        ({"weights": "nowhere.pt"}, "there is no file 'nowhere.pt'"),
        ({"input": "4x8x8"}, "takes no square image of one or three channels"),
    ],
)
def test_what_cannot_be_meant_is_refused(how, why, photos):
    with pytest.raises(UsageError) as raised:
        lb.predict(Colours(), photos, **HOW | how)
    assert why in str(raised.value)


def test_no_image_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="no image is named"):
        lb.predict(Colours(), **HOW)
    with pytest.raises(UsageError, match="there is no image in .* but 1 other files"):
        lb.predict(Colours(), tmp_path, **HOW)
    with pytest.raises(UsageError, match="is not there"):
        lb.predict(Colours(), tmp_path / "b.png", **HOW)
    with pytest.raises(UsageError, match="a model is a name"):
        lb.predict(Colours, tmp_path / "b.png", **HOW)


def test_a_network_that_fails_names_the_module(photos):
    with pytest.raises(ModelError, match="the forward pass failed in Linear `2`"):
        lb.predict(
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)), photos, **HOW
        )


def test_a_network_that_does_not_classify_is_said(photos):
    with pytest.raises(ModelError, match="Conv2d does not classify"):
        lb.predict(nn.Conv2d(3, 4, 1), photos, **HOW)


# How it shows itself.


def test_it_shows_itself_and_becomes_a_dataframe(photos, weights):
    found = lb.predict(Colours(), photos / "red.png", weights=weights, **HOW)
    assert "red one" in repr(found)
    assert "80.0 %" in found._repr_html_()
    frame = found.to_pandas()
    assert list(frame["class"]) == ["red one"]
    assert list(frame["probability"]) == pytest.approx([0.8])
