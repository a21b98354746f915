"""Broken images are found before anything is computed, and the whole ones are let be."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_files import write_folders
from PIL import Image

from lightbench import datasets
from lightbench.datasets.support import whole
from lightbench.errors import UsageError

FORMATS = [".jpg", ".png", ".bmp", ".ppm", ".tiff", ".webp"]


def picture(path, mode="RGB"):
    Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 50).convert(mode).save(path)
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_whole_image_has_no_problem(suffix, tmp_path):
    assert whole.problem(str(picture(tmp_path / f"a{suffix}"))) == ""


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.6, 0.95])
def test_one_that_is_cut_off_has(suffix, share, tmp_path):
    file = picture(tmp_path / f"a{suffix}")
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert whole.problem(str(file))
    with pytest.raises((OSError, SyntaxError)), Image.open(file) as image:  # Pillow agrees
        image.load()


def test_what_follows_the_end_of_a_jpeg_is_let_be(tmp_path):
    """As cameras write it, and as some images of ImageNet are."""
    file = picture(tmp_path / "a.jpg")
    file.write_bytes(file.read_bytes() + b"more")
    assert whole.problem(str(file)) == ""


def test_a_png_with_one_wrong_byte_has_a_problem(tmp_path):
    file = picture(tmp_path / "a.png")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    assert whole.problem(str(file))


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"a text", "no image"), (b"<html>404</html>", "no image"), (b"\xff\xd8\xff\xd9", "no image")]
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_what_is_no_image_is_told_so(content, why, suffix, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert whole.problem(str(tmp_path / f"a{suffix}")) == why


def test_sixteen_bits_a_channel_are_refused(tmp_path):
    """Pillow makes 255 of all values above that: nearly every image would be white."""
    Image.new("I;16", (4, 4), 30_000).save(tmp_path / "a.png")
    assert whole.problem(str(tmp_path / "a.png")) == "more than 8 bits a channel"


def test_a_file_that_has_gone_is_told_so(tmp_path):
    assert "No such file" in whole.problem(str(tmp_path / "a.png"))


def test_the_first_broken_ones_are_named_and_all_counted(tmp_path):
    write_folders(tmp_path, each=300, side=2)
    split = datasets.find(f"imagefolder:{tmp_path}").split(train=True)
    split.check()
    broken = [split.files[i] for i in (7, 290, 300, 310, 599)]
    for file in broken:
        Path(file).write_bytes(b"")
    with pytest.raises(UsageError) as raised:
        split.check()
    message = raised.value.message
    assert message.startswith("5 images of 600 cannot be read: ")
    assert [message.count(f"{file!r} (empty)") for file in broken] == [1] * 5
    assert "more" not in message
    for file in split.files[:2]:
        Path(file).write_bytes(b"")
    with pytest.raises(UsageError, match="7 images of 600 .*; and 2 more") as raised:
        split.check()
    assert raised.value.message.index(split.files[0]) < raised.value.message.index(broken[0])


def test_a_single_one_is_one_image(tmp_path):
    write_folders(tmp_path, each=1)
    (tmp_path / "val" / "cat" / "0.png").write_bytes(b"")
    datasets.find(f"imagefolder:{tmp_path}").split(train=True).check()
    with pytest.raises(UsageError, match="1 image of 2 cannot"):
        datasets.find(f"imagefolder:{tmp_path}").split(train=False).check()


def test_it_is_told_how_many_it_has_looked_at(tmp_path):
    """256 of them at a time: minutes pass in silence else, of a million."""
    write_folders(tmp_path, each=200, side=2)
    told = []
    datasets.find(f"imagefolder:{tmp_path}").split(train=True).check(told.append)
    assert told == [f"looking for broken images: {n} of 400" for n in (256, 400)]
