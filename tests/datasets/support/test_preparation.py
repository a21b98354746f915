"""What happens to an image before a network sees it, in numbers."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from lightbench import datasets
from lightbench.datasets.support.preparation import (
    Preparation,
    augmented,
    preparation_of,
    seen,
    within_reach,
)
from lightbench.errors import UsageError

GREY = Preparation(side=4, mean=(0.5,), std=(0.25,))
COLOUR = Preparation(side=4, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))


def plain(colour, size=(4, 4)):
    return Image.new("RGB" if isinstance(colour, tuple) else "L", size, colour)


# The noun.


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 0}, {"side": -1}, {"side": 10_001}, {"mean": ()}, {"mean": (0.5, 0.5)}, {"std": (0.2,) * 3},
        {"std": (0.0,)}, {"std": (-1.0,)}, {"std": (float("nan"),)}, {"std": (float("inf"),)},
        {"mean": (float("nan"),)}, {"mean": (float("inf"),)}, {"part": 0.0}, {"part": 1.1}, {"part": float("nan")},
    ],
    ids=str,
)  # fmt: skip
def test_one_that_cannot_be_meant_cannot_be_built(wrong):
    with pytest.raises(ValueError):
        Preparation(**{"side": 4, "mean": (0.5,), "std": (0.25,), **wrong})


def test_it_is_stored_and_read_and_a_wrong_one_is_not_read():
    stored = msgspec.json.encode(COLOUR)
    assert msgspec.json.decode(stored, type=Preparation) == COLOUR
    with pytest.raises(msgspec.ValidationError, match="1 to 10,000 pixels"):
        msgspec.json.decode(stored.replace(b'"side":4', b'"side":40000'), type=Preparation)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(stored.replace(b'"side"', b'"height"'), type=Preparation)


def test_grey_images_become_three_equal_channels_for_a_network_of_colours():
    how = preparation_of(datasets.find("mnist"), side=28, channels=3)
    assert (how.mean, how.std) == ((0.1307,) * 3, (0.3081,) * 3)
    image = seen(how)(Image.effect_noise((28, 28), 50))
    assert image.shape == (3, 28, 28)
    assert torch.equal(image[0], image[1])
    assert torch.equal(image[0], image[2])


@pytest.mark.parametrize(
    ("name", "channels"), [("cifar10", 1), ("digits", 2), ("cifar10", 4), ("digits", 0)]
)
def test_what_the_network_cannot_take_is_refused(name, channels):
    with pytest.raises(UsageError, match=f"the network takes {channels}"):
        preparation_of(datasets.find(name), side=32, channels=channels)


def test_of_photographs_the_middle_is_seen_and_of_small_images_all():
    assert preparation_of(datasets.find("imagefolder"), side=224, channels=3).part == 0.875
    assert preparation_of(datasets.find("cifar10"), side=224, channels=3).part == 1


# In testing.


def test_values_become_those_of_the_formula():
    """(value / 255 - mean) / std of each channel."""
    image = seen(COLOUR)(plain((255, 0, 51)))
    assert image.dtype == torch.float32
    assert type(image) is torch.Tensor
    expected = torch.tensor([(1 - 0) / 1, (0 - 0.5) / 0.5, (0.2 - 1) / 0.25])
    torch.testing.assert_close(image, expected.view(3, 1, 1).expand(3, 4, 4))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
@pytest.mark.parametrize("how", [GREY, COLOUR])
def test_images_of_any_mode_have_the_channels_of_the_network(mode, how):
    assert seen(how)(Image.new(mode, (6, 5))).shape == (len(how.mean), 4, 4)


def test_a_colour_in_grey_is_its_luminance():
    """Pillow's L = 0.299 R + 0.587 G + 0.114 B (ITU-R 601-2)."""
    value = seen(GREY)(plain((100, 200, 50)))[0, 0, 0] * 0.25 + 0.5
    assert abs(value * 255 - (0.299 * 100 + 0.587 * 200 + 0.114 * 50)) < 1


@pytest.mark.parametrize("size", [(4, 4), (40, 10), (10, 40), (1, 1), (3, 200)])
def test_the_image_is_a_square_whatever_it_was(size):
    assert seen(COLOUR)(plain((1, 2, 3), size)).shape == (3, 4, 4)


def test_of_a_wide_image_the_middle_is_seen():
    image = plain((0, 0, 0), (12, 4))
    image.paste((255, 255, 255), (4, 0, 8, 4))
    assert seen(COLOUR)(image)[0].min() == 1


@pytest.mark.parametrize("size", [(2, 60_000), (60_000, 2)])
def test_of_a_strip_the_ends_are_not_scaled_up(size):
    """To 256 pixels of width it would have 2 GB; what is seen is 224 pixels of its middle, 2 x 224 / 256 of its own."""
    how = preparation_of(datasets.find("imagefolder"), side=224, channels=3)
    image = plain((0, 0, 0), size)
    at = [max(0, s // 2 - 2) for s in size]
    image.paste((255, 255, 255), (*at, *(min(s, s // 2 + 2) for s in size)))
    assert sorted(within_reach(image).size) == [2, 16]
    assert within_reach in seen(how).transforms  # before it is scaled
    white = (1 - torch.tensor(how.mean)) / torch.tensor(how.std)
    torch.testing.assert_close(seen(how)(image), white.view(3, 1, 1).expand(3, 224, 224))


def test_imagenets_images_are_scaled_to_256_and_cut_to_224():
    """As torchvision does for its networks: the numbers are those of its own transforms."""
    from torchvision.transforms._presets import ImageClassification

    how = preparation_of(datasets.find("imagefolder"), side=224, channels=3)
    photograph = Image.effect_noise((500, 375), 90).convert("RGB")
    theirs = ImageClassification(crop_size=224, resize_size=256)(photograph)
    torch.testing.assert_close(seen(how)(photograph), theirs)


def test_weights_that_torchvision_tested_in_cubes_are_shown_images_so():
    """28 of its 115 weights are, such as those of Swin Transformers, scaled to 238 and cut to 224."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms._presets import ImageClassification

    entry = ImageClassification(
        crop_size=224, resize_size=238, interpolation=InterpolationMode.BICUBIC
    )
    how = Preparation(
        side=224, part=224 / 238, scaling="bicubic", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )  # fmt: skip
    photograph = Image.effect_noise((300, 375), 90).convert("RGB")
    torch.testing.assert_close(seen(how)(photograph), entry(photograph))
    assert how.said.startswith("scaled to 238, cut to 224x224, bicubic, mean 0.485 0.456 0.406")


# In learning.


def columns(tensor):
    """By how many columns a stripe in the middle was moved."""
    return int(tensor[0].sum(0).argmax())


def test_a_small_image_is_shifted_by_up_to_an_eighth_of_its_side():
    """4 of 32 pixels each way (He et al. 2016, section 4.2)."""
    image = plain((0, 0, 0), (32, 32))
    image.paste((255, 255, 255), (16, 0, 17, 32))
    how = Preparation(side=32, mean=(0.0,) * 3, std=(1.0,) * 3)
    torch.manual_seed(0)
    change = augmented(how, mirrored=False)
    assert {columns(change(image)) for _ in range(300)} == set(range(12, 21))


def test_half_of_the_images_are_mirrored_where_that_is_asked_for():
    image = plain((0, 0, 0), (2, 2))
    image.putpixel((0, 0), (255, 255, 255))  # on the left; an eighth of 2 pixels is none
    how = Preparation(side=2, mean=(0.0,) * 3, std=(1.0,) * 3)
    torch.manual_seed(0)
    for mirrored, low, high in ((True, 70, 130), (False, 200, 200)):
        change = augmented(how, mirrored=mirrored)
        assert low <= sum(columns(change(image)) == 0 for _ in range(200)) <= high


def test_a_photograph_is_cut_at_random():
    how = Preparation(side=8, mean=(0.0,) * 3, std=(1.0,) * 3, part=0.875)
    ramp = Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (100, 1)))
    torch.manual_seed(0)
    change = augmented(how, mirrored=False)
    cuts = [change(ramp) for _ in range(50)]
    assert {tuple(cut.shape) for cut in cuts} == {(3, 8, 8)}
    width = [float(cut[0, 0, -1] - cut[0, 0, 0]) for cut in cuts]
    assert max(width) > 2 * min(width)


def test_the_same_seed_gives_the_same_changes():
    image = Image.effect_noise((32, 32), 90)
    change = augmented(Preparation(side=32, mean=(0.5,), std=(0.5,)), mirrored=True)

    def drawn(seed):
        torch.manual_seed(seed)
        return torch.stack([change(image) for _ in range(20)])

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_it_can_be_handed_to_another_process():
    import pickle

    image = Image.effect_noise((9, 9), 90)
    assert torch.equal(pickle.loads(pickle.dumps(seen(GREY)))(image), seen(GREY)(image))
