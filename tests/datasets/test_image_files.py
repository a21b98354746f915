"""What is in a file that somebody calls an image, and what is refused, in a sentence."""

from __future__ import annotations

import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from lightbench.datasets.support.image_files import (
    NoImage,
    Unreadable,
    called_image,
    check_image,
    files_of,
    read,
)
from lightbench.errors import UsageError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def png(width, height, *, depth=8, kind=2, data=b""):
    """A PNG file of what it says, whatever is in it."""

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def colour_in(path):
    image = read(path)
    assert image.mode == "RGB"
    return image.getpixel((0, 0))


# What images have.


def test_colours_are_as_they_are(tmp_path):
    Image.new("RGB", (5, 3), (10, 20, 30)).save(tmp_path / "a.png")
    image = read(tmp_path / "a.png")
    assert (image.mode, image.size, image.getpixel((4, 2))) == ("RGB", (5, 3), (10, 20, 30))


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [  # EXIF 2.3, table 6: at which sides the stored first row and first column belong
        (1, (8, 4), (0, 0)),  # top, left
        (2, (8, 4), (7, 0)),  # top, right
        (3, (8, 4), (7, 3)),  # bottom, right
        (4, (8, 4), (0, 3)),  # bottom, left
        (5, (4, 8), (0, 0)),  # left, top
        (6, (4, 8), (3, 0)),  # right, top
        (7, (4, 8), (3, 7)),  # right, bottom
        (8, (4, 8), (0, 7)),  # left, bottom
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_an_image_is_upright_as_its_camera_noted(suffix, orientation, size, red, tmp_path):
    """The first pixel that is stored is red, all others are blue."""
    image = Image.new("RGB", (8, 4), BLUE)
    image.putpixel((0, 0), RED)
    notes = image.getexif()
    notes[0x0112] = orientation
    image.save(
        tmp_path / f"a.{suffix}", exif=notes, **({"lossless": True} if suffix == "webp" else {})
    )
    found = read(tmp_path / f"a.{suffix}")
    assert found.size == size
    assert found.getpixel(red) == RED


def test_notes_of_a_camera_that_are_none_leave_an_image_as_it_is(tmp_path):
    for name, notes in {"a": b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01", "b": b"Exif\0\0", "c": b"\xff" * 40}.items():  # fmt: skip
        Image.new("RGB", (8, 4), BLUE).save(tmp_path / f"{name}.png", exif=notes)
        assert read(tmp_path / f"{name}.png").size == (8, 4)


def test_grey_becomes_three_equal_channels(tmp_path):
    Image.new("L", (2, 2), 77).save(tmp_path / "a.png")
    Image.new("1", (2, 2), 1).save(tmp_path / "b.png")
    assert colour_in(tmp_path / "a.png") == (77, 77, 77)
    assert colour_in(tmp_path / "b.png") == (255, 255, 255)


@pytest.mark.parametrize("value", [0, 1, 100, 254, 255])
def test_sixteen_bits_become_eight(value, tmp_path):
    """65,535 is 255 times 257, so that 257 times a value is that value, and nothing is cut off at 255."""
    Image.fromarray(np.full((2, 2), 257 * value, np.uint16)).save(tmp_path / "a.png")
    Image.fromarray(np.full((2, 2), 257 * value, np.uint16)).save(tmp_path / "a.tif")
    assert colour_in(tmp_path / "a.png") == (value,) * 3
    assert colour_in(tmp_path / "a.tif") == (value,) * 3


def test_numbers_from_0_to_1_become_eight_bits(tmp_path):
    Image.fromarray(np.full((2, 2), 0.2, np.float32)).save(tmp_path / "a.tif")
    assert colour_in(tmp_path / "a.tif") == (51, 51, 51)


@pytest.mark.parametrize(
    "numbers",
    [np.full((2, 2), 70_000, np.int32), np.full((2, 2), -1, np.int32), np.full((2, 2), 1.5, np.float32),
     np.full((2, 2), np.nan, np.float32)],
)  # fmt: skip
def test_other_numbers_are_refused_as_nobody_knows_what_is_white(numbers, tmp_path):
    Image.fromarray(numbers).save(tmp_path / "a.tif")
    with pytest.raises(Unreadable, match=r"a.tif' cannot be shown: its numbers go from"):
        read(tmp_path / "a.tif")


def test_what_is_transparent_is_on_white(tmp_path):
    Image.new("RGBA", (2, 2), (*RED, 0)).save(tmp_path / "clear.png")
    Image.new("RGBA", (2, 2), (*RED, 255)).save(tmp_path / "red.png")
    Image.new("RGBA", (2, 2), (0, 0, 0, 51)).save(tmp_path / "fifth.png")  # a fifth of black
    Image.new("LA", (2, 2), (9, 0)).save(tmp_path / "grey.png")
    found = [colour_in(tmp_path / f"{n}.png") for n in ("clear", "red", "fifth", "grey")]
    assert found == [(255, 255, 255), RED, (204, 204, 204), (255, 255, 255)]


@pytest.mark.parametrize(
    ("more", "seen"),
    [({}, RED), ({"transparency": 1}, (255, 255, 255)), ({"transparency": b"\xff\x00"}, (255, 255, 255))],
)  # fmt: skip
def test_a_palette_stands_for_its_colours(more, seen, tmp_path):
    image = Image.new("P", (2, 2), 1)
    image.putpalette([*BLUE, *RED])
    image.save(tmp_path / "a.png", **more)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert colour_in(tmp_path / "a.png") == seen


def test_inks_become_light(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.tif")  # magenta and yellow
    assert colour_in(tmp_path / "a.tif") == RED


def test_of_several_images_in_a_file_it_is_the_first(tmp_path):
    Image.new("RGB", (2, 2), RED).save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (2, 2), BLUE)]
    )
    assert colour_in(tmp_path / "a.gif") == RED


# What is none, or is damaged.


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "tif"])
def test_a_file_that_is_cut_off_is_damaged(suffix, tmp_path):
    file = tmp_path / f"a.{suffix}"
    Image.effect_noise((64, 64), 60).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(Unreadable, match=rf"a.{suffix}' is damaged: ") as raised:
        read(file)
    assert not isinstance(raised.value, NoImage)
    assert raised.value.why.startswith("is damaged: ")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"hello", "is no image"),
        ("a.png", b"hello", "is no image"),
        ("a", b"", "is no image"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(99), "is a HEIC file, which is not read here"),
        ("a.pdf", b"%PDF-1.4\n%%EOF", "is no image"),
        # Pillow would run Ghostscript for it, and take many a file for TGA.
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "is no image"),
        ("a.tga", bytes([0, 0, 2, *bytes(9), 1, 0, 1, 0, 24, 0, 1, 2, 3]), "is no image"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_image_is_one_whatever_it_is_called(name, content, why, tmp_path):
    (tmp_path / name).write_bytes(content)
    for look in (read, check_image):
        with pytest.raises(NoImage) as raised:
            look(tmp_path / name)
        assert raised.value.why == why
        assert raised.value.message == f"{str(tmp_path / name)!r} {why}."


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [("a.png", b"", "is empty"), ("a.jpg", b"\xff\xd8\xff\xe0\0", "is damaged: it does not go on as it begins"),
     ("a", png(3, 3)[:40], "is damaged: it does not go on as it begins")],
)  # fmt: skip
def test_an_image_of_which_next_to_nothing_is_there_is_damaged(name, content, why, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable) as raised:
        read(tmp_path / name)
    assert raised.value.why == why
    assert not isinstance(raised.value, NoImage)


def test_an_image_that_is_called_otherwise_is_one(tmp_path):
    Image.new("RGB", (2, 2), RED).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.txt")
    assert colour_in(tmp_path / "a.txt") == RED
    assert not called_image(tmp_path / "a.txt")
    assert called_image(tmp_path / "b.JPEG")


def test_a_small_file_does_not_become_a_large_image(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(60_000, 60_000, data=bytes(1000)))
    for look in (read, check_image):
        with pytest.raises(Unreadable, match="hundreds of millions of pixels"):
            look(tmp_path / "bomb.png")


@pytest.mark.parametrize("place", range(8, 60, 3))
def test_whatever_byte_is_wrong_it_is_a_sentence_or_an_image(place, tmp_path):
    good = png(3, 3, data=bytes(30))
    for suffix in ("png", "tif", "gif", "bmp"):
        file = tmp_path / f"a.{suffix}"
        Image.new("RGB", (3, 3), RED).save(file)
        good = bytearray(file.read_bytes())
        good[place % len(good)] ^= 0xFF
        file.write_bytes(bytes(good))
        try:
            assert read(file).mode == "RGB"
        except Unreadable as error:
            assert "\n" not in error.message


def test_a_file_that_nobody_may_read_is_said(tmp_path, monkeypatch):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(Unreadable, match="Permission denied"):
        read(tmp_path / "a.png")


# Which files.


def test_folders_are_read_with_those_below_them_in_the_order_of_names(tmp_path):
    for name in ("b.png", "a/z.png", "a/b/c.png", "a.png", "B.png", ".hidden.png", ".git/x.png", "n.txt"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = list(files_of([tmp_path / "b.png", tmp_path]))
    names = [file.path.relative_to(tmp_path).as_posix() for file in found]
    assert names == ["b.png", "B.png", "a.png", "a/b/c.png", "a/z.png", "b.png", "n.txt"]
    assert [file.named for file in found] == [True, *[False] * 6]


def test_a_folder_that_holds_itself_has_an_end(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [file.path.name for file in files_of([tmp_path])] == ["a.png"]


def test_a_folder_may_be_called_like_an_image(tmp_path):
    (tmp_path / "f.png").mkdir()
    (tmp_path / "f.png" / "a.png").write_bytes(b"x")
    assert [file.path.name for file in files_of([tmp_path / "f.png"])] == ["a.png"]


def test_what_is_not_there_or_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="nowhere' is not there"):
        list(files_of([tmp_path / "nowhere"]))
    with pytest.raises(UsageError, match="pipe' is no file"):
        list(files_of([tmp_path / "pipe"]))
    assert list(files_of([tmp_path])) == []
