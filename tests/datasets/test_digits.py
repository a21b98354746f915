"""The digits of scikit-learn: real images where there is no network."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest

from lightbench import datasets
from lightbench.errors import MissingPackage, UsageError

sklearn = pytest.importorskip("sklearn.datasets")


@pytest.fixture(scope="module")
def splits():
    data = datasets.find("digits")
    return {train: data.split(train=train) for train in (True, False)}


def test_each_image_is_either_for_learning_or_for_testing(splits):
    theirs = Counter(image.astype(int).tobytes() for image in sklearn.load_digits().images)
    ours = Counter()
    for split in splits.values():
        for image, _ in split.images:
            ours[(np.asarray(image).astype(float) * 16 / 255).round().astype(int).tobytes()] += 1
    assert ours == theirs
    assert len(splits[True].images) + len(splits[False].images) == 1797


def test_a_fifth_of_each_class_is_for_testing(splits):
    """178, 182, 177, 183, 181, 182, 181, 179, 174 and 180 images: scikit-learn's description."""
    counts = Counter(int(label) for label in splits[False].images.labels)
    whole = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
    assert counts == {digit: count // 5 for digit, count in enumerate(whole)}


def test_the_same_images_are_for_testing_each_time(splits):
    again = datasets.find("digits").split(train=False)
    assert np.array_equal(again.images.pixels, splits[False].images.pixels)


def test_an_image_is_grey_and_its_class_the_digit_that_is_seen(splits):
    image, label = splits[True].images[0]
    assert (image.mode, image.size, label) == ("L", (8, 8), 0)  # scikit-learn's first is a zero
    assert splits[True].classes == tuple("0123456789")


def test_the_darkest_is_0_and_the_brightest_255(splits):
    pixels = splits[True].images.pixels
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_mean_and_deviation_are_those_of_the_images():
    images = sklearn.load_digits().images / 16
    plugin = datasets.find("digits").plugin
    assert (round(images.mean(), 3),) == plugin.MEAN
    assert (round(images.std(), 3),) == plugin.STD


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="from no folder") as raised:
        datasets.find(f"digits:{tmp_path}").split(train=True)
    assert raised.value.hint == "Try --data digits."


def test_without_scikit_learn_its_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackage) as raised:
        datasets.find("digits").split(train=True)
    assert raised.value.hint.startswith('pip install "scikit-learn>=')
    assert raised.value.exit_code == 4
