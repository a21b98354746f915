"""MNIST and Fashion-MNIST, as files of their own layout."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import idx, pictures, write_mnist

from lightbench import datasets
from lightbench.errors import UsageError

KINDS = {"mnist": "MNIST", "fashionmnist": "FashionMNIST"}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_images_are_grey_and_their_classes_named(name, kind, tmp_path):
    write_mnist(tmp_path, kind, train=50, test=20)
    learn, test = (
        datasets.find(f"{name}:{tmp_path}").split(train=train) for train in (True, False)
    )
    assert (len(learn.images), len(test.images), len(learn.classes)) == (50, 20, 10)
    image, label = learn.images[13]
    assert (image.mode, image.size, label) == ("L", (28, 28), 3)
    assert np.array_equal(np.asarray(image), pictures(50, side=28)[0][13, ..., 0])


def test_a_shirt_is_a_shirt(tmp_path):
    write_mnist(tmp_path, "FashionMNIST")
    classes = datasets.find(f"fashionmnist:{tmp_path}").split(train=False).classes
    assert (classes[0], classes[6], classes[9]) == ("T-shirt/top", "Shirt", "Ankle boot")


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_nothing_is_told_what_to_put_where(name, kind, tmp_path):
    with pytest.raises(UsageError) as raised:
        datasets.find(f"{name}:{tmp_path}").split(train=True)
    assert "train-images-idx3-ubyte" in raised.value.hint
    assert "t10k-labels-idx1-ubyte" in raised.value.hint
    assert str(tmp_path / kind / "raw") in raised.value.hint


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("train-images-idx3-ubyte", b"", ""),
        ("train-images-idx3-ubyte", b"not of this layout", ""),
        ("train-images-idx3-ubyte", idx(np.zeros((50, 28, 28)))[:-1], ""),
        ("train-labels-idx1-ubyte", idx(np.zeros(49)), "50 images and 49 labels"),
        ("train-labels-idx1-ubyte", idx([*range(49), 10]), "a class 48, and 10 classes are known"),
    ],
    ids=["empty", "other", "cut off", "fewer labels", "an eleventh class"],
)
def test_a_damaged_file_is_told_so(file, content, why, tmp_path):
    (write_mnist(tmp_path, train=50) / file).write_bytes(content)
    with pytest.raises(UsageError, match=f"mnist cannot be read from .*{why}"):
        datasets.find(f"mnist:{tmp_path}").split(train=True)


def test_no_images_are_no_data_set(tmp_path):
    folder = write_mnist(tmp_path)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 28, 28))))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx([]))
    with pytest.raises(UsageError, match="mnist cannot be read from"):
        datasets.find(f"mnist:{tmp_path}").split(train=True)
