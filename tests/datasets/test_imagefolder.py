"""Images in folders of their classes, as users have them."""

from __future__ import annotations

import pytest
from image_files import write_folders
from PIL import Image

from lightbench import datasets
from lightbench.errors import UsageError


def split(root, *, train=True):
    return datasets.find(f"imagefolder:{root}").split(train=train)


@pytest.mark.parametrize("testing", ["val", "test"])
def test_a_folder_is_a_class(testing, tmp_path):
    write_folders(tmp_path, ("cat", "dog", "emu"), each=3, parts=("train", testing))
    for train in (True, False):
        found = split(tmp_path, train=train)
        found.check()
        assert found.classes == ("cat", "dog", "emu")
        assert [found.images[i][1] for i in range(9)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert len(found.files) == 9


def test_val_is_taken_where_both_are_there(tmp_path):
    write_folders(tmp_path, each=2, parts=("train", "val"))
    write_folders(tmp_path, each=5, parts=("test",))
    assert len(split(tmp_path, train=False).images) == 4


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
def test_every_image_becomes_a_coloured_one(mode, tmp_path):
    write_folders(tmp_path, each=1)
    file = tmp_path / "train" / "cat" / ("0.tiff" if mode == "CMYK" else "0.png")
    Image.new(mode, (9, 7)).save(file)
    found = split(tmp_path)
    found.check()
    assert {found.images[i][0].mode for i in range(len(found.images))} == {"RGB"}


def test_it_needs_a_folder():
    with pytest.raises(UsageError) as raised:
        datasets.find("imagefolder").split(train=True)
    assert raised.value.hint == "Try --data imagefolder:PATH."


@pytest.mark.parametrize(
    ("parts", "missing"),
    [(("val",), "train"), (("train",), "val or test"), ((), "train"), (("cat",), "train")],
)
def test_a_folder_that_is_laid_out_otherwise_is_told_how(parts, missing, tmp_path):
    write_folders(tmp_path, parts=parts)
    with pytest.raises(UsageError, match=f"has no folder {missing}") as raised:
        split(tmp_path)
    assert "PATH/train/CLASS/IMAGE" in raised.value.hint


def test_a_place_that_is_not_there_is_told_so(tmp_path):
    with pytest.raises(UsageError, match="has no folder train"):
        split(tmp_path / "none")


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_class_without_images_is_named(part, tmp_path):
    write_folders(tmp_path)
    for file in (tmp_path / part / "dog").iterdir():
        file.rename(file.with_suffix(".txt"))
    with pytest.raises(UsageError, match=f"{part}' cannot be used: .*classes dog"):
        split(tmp_path, train=part == "train")


def test_folders_without_classes_are_refused(tmp_path):
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / part / "0.png")
    with pytest.raises(UsageError, match="any class folder"):
        split(tmp_path)


@pytest.mark.parametrize("train", [True, False])
def test_a_class_that_only_one_of_them_has_is_named(train, tmp_path):
    """Classes are numbered by name: all after it would be mistaken for others."""
    write_folders(tmp_path, ("cat", "dog"), parts=("train",))
    write_folders(tmp_path, ("bee", "dog"), parts=("val",))
    with pytest.raises(UsageError, match="in one of them only is bee, cat"):
        split(tmp_path, train=train)


def test_of_many_such_classes_the_first_are_named(tmp_path):
    write_folders(tmp_path, tuple("abcdefgh"), each=1, parts=("train",))
    write_folders(tmp_path, ("a", "z"), each=1, parts=("val",))
    with pytest.raises(UsageError, match=r"is b, c, d, e, f, \.\.\.\."):
        split(tmp_path)
