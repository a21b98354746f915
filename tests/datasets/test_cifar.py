"""CIFAR-10 and CIFAR-100: the binary layout, and torchvision's of pickles whose checksums it knows."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import (
    CIFAR10,
    CIFAR100,
    pictures,
    rows,
    write_cifar10,
    write_cifar100,
    write_pickled,
)

from lightbench import datasets
from lightbench.errors import UsageError


def split(name, root, *, train):
    return datasets.find(f"{name}:{root}").split(train=train)


def test_an_image_of_the_binary_layout_by_hand(tmp_path):
    """One label byte; then the first row of red, ..., all of green, all of blue."""
    folder = write_cifar10(tmp_path, each=1)
    image = bytearray([3, *[0] * 3072])
    image[1 + 1] = 10  # red of row 0, column 1
    image[1 + 1024 + 32] = 20  # green of row 1, column 0
    image[1 + 2 * 1024 + 1023] = 30  # blue of the last
    (folder / "test_batch.bin").write_bytes(bytes(image))
    found = split("cifar10", tmp_path, train=False)
    (picture, label) = found.images[0]
    assert picture.getpixel((1, 0)) == (10, 0, 0)
    assert picture.getpixel((0, 1)) == (0, 20, 0)
    assert picture.getpixel((31, 31)) == (0, 0, 30)
    assert found.classes[label] == "cat"


def test_what_was_written_is_read_file_after_file(tmp_path):
    write_cifar10(tmp_path, each=20, test=7)
    learn, test = (split("cifar10", tmp_path, train=train) for train in (True, False))
    assert (len(learn.images), len(test.images)) == (100, 7)
    expected, labels = pictures(20, seed=2)  # the third file
    for i in range(20):
        image, label = learn.images[40 + i]
        assert np.array_equal(np.asarray(image), expected[i])
        assert label == labels[i]
    assert learn.classes == test.classes


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_folder_may_be_that_of_the_archive_or_the_one_it_is_in(name, tmp_path):
    folder = {"cifar10": write_cifar10, "cifar100": write_cifar100}[name](tmp_path)
    assert len(split(name, folder, train=True).images) == len(
        split(name, tmp_path, train=True).images
    )


def test_of_two_labels_the_second_is_the_class(tmp_path):
    write_cifar100(tmp_path, train=200)
    found = split("cifar100", tmp_path, train=True)
    assert [found.images[i][1] for i in range(100)] == list(range(100))
    assert found.classes[99] == "name99"
    expected, _ = pictures(200, 100, seed=0)
    assert np.array_equal(np.asarray(found.images[0][0]), expected[0])


@pytest.mark.parametrize("text", [None, "only\nthree\nnames\n"])
def test_classes_without_a_hundred_names_are_numbers(text, tmp_path):
    names = write_cifar100(tmp_path) / "fine_label_names.txt"
    names.unlink() if text is None else names.write_text(text)
    assert split("cifar100", tmp_path, train=False).classes == tuple(map(str, range(100)))


# What is not whole.


@pytest.mark.parametrize("content", [b"", b"\0" * 3072, b"\0" * 3073 * 2 + b"\0"])
def test_a_file_that_holds_no_whole_images_is_refused(content, tmp_path):
    (write_cifar10(tmp_path) / "data_batch_2.bin").write_bytes(content)
    with pytest.raises(
        UsageError, match=rf"data_batch_2.bin' has {len(content):,} bytes, .* of 3,073"
    ):
        split("cifar10", tmp_path, train=True)


def test_a_file_of_cifar_100_is_none_of_cifar_10(tmp_path):
    pixels, labels = pictures(3073, 100)
    (write_cifar10(tmp_path) / "test_batch.bin").write_bytes(rows(pixels, labels, coarse=True))
    with pytest.raises(UsageError, match="classes 0 to 9 are known"):
        split("cifar10", tmp_path, train=False)


def test_a_class_that_there_is_not_is_refused(tmp_path):
    (write_cifar100(tmp_path) / "test.bin").write_bytes(bytes([19, 100, *[0] * 3072]))
    with pytest.raises(UsageError, match="an image of class 100, and classes 0 to 99 are known"):
        split("cifar100", tmp_path, train=False)


def test_files_that_are_missing_are_named(tmp_path):
    folder = write_cifar10(tmp_path)
    (folder / "data_batch_2.bin").unlink()
    (folder / "data_batch_5.bin").unlink()
    with pytest.raises(UsageError, match="data_batch_2.bin, data_batch_5.bin"):
        split("cifar10", tmp_path, train=True)
    assert len(split("cifar10", tmp_path, train=False).images) == 20


# Where there is nothing.


@pytest.mark.parametrize(
    ("name", "archive", "folder"),
    [
        ("cifar10", "cifar-10-python.tar.gz", "cifar-10-batches-py"),
        ("cifar100", "cifar-100-python.tar.gz", "cifar-100-python"),
    ],
)
def test_a_folder_without_it_is_told_what_to_put_where(name, archive, folder, tmp_path):
    with pytest.raises(UsageError) as raised:
        split(name, tmp_path, train=True)
    assert "download=True" not in str(raised.value)
    assert archive in raised.value.hint
    assert str(tmp_path / folder) in raised.value.hint
    assert f"--data {name}:{tmp_path}." in raised.value.hint


def test_a_folder_that_is_not_there_is_told_so(tmp_path):
    with pytest.raises(UsageError, match="none' is no folder"):
        split("cifar10", tmp_path / "none", train=True)


def test_an_archive_is_told_to_be_a_file(tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"x")
    with pytest.raises(UsageError, match="is no folder, but a file"):
        split("cifar10", tmp_path / "cifar-10-python.tar.gz", train=True)


# torchvision's pickles.


@pytest.fixture
def pickled(tmp_path, monkeypatch):
    """Small ones of both, whose checksums are made known."""
    from lightbench.models.torchvision import import_torchvision

    import_torchvision()
    from torchvision.datasets import CIFAR10 as TEN
    from torchvision.datasets import CIFAR100 as HUNDRED

    for kind, files, key, classes in (
        (TEN, CIFAR10, "labels", 10),
        (HUNDRED, CIFAR100, "fine_labels", 100),
    ):
        names = files[True] + files[False]
        sums = write_pickled(tmp_path, kind.base_folder, names, key=key, classes=classes)
        monkeypatch.setattr(kind, "train_list", [[name, sums[name]] for name in files[True]])
        monkeypatch.setattr(kind, "test_list", [[name, sums[name]] for name in files[False]])
        monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": sums[kind.meta["filename"]]})
    return tmp_path


@pytest.mark.parametrize(
    ("name", "folder", "train", "test"),
    [("cifar10", "cifar-10-batches-py", 100, 20), ("cifar100", "cifar-100-python", 20, 20)],
)
@pytest.mark.parametrize("inner", [False, True])
def test_the_version_for_python_is_read_by_torchvision(name, folder, train, test, inner, pickled):
    root = pickled / folder if inner else pickled
    found = split(name, root, train=True)
    assert (len(found.images), len(split(name, root, train=False).images)) == (train, test)
    image, label = found.images[3]
    expected, labels = pictures(20, len(found.classes), seed=0)
    assert np.array_equal(np.asarray(image), expected[3])
    assert label == labels[3]


def test_a_pickle_that_torchvision_does_not_know_is_not_opened(pickled):
    """It would run what is in it."""
    file = pickled / "cifar-10-batches-py" / "data_batch_1"
    file.write_bytes(b"cposix\n_exit\n(I9\ntR.")
    with pytest.raises(UsageError, match="files are missing, or others than torchvision knows"):
        split("cifar10", pickled, train=True)
