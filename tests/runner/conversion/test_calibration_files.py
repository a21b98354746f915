"""Where the inputs are that int8 is calibrated on: which files are taken, and how they are told from others."""

import os

import pytest

from lightbench.errors import UsageError
from lightbench.runner.conversion.calibration_files import MOST, chosen, digest, evenly, name_of


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for name in ("b.png", "a.JPG", "dogs/c.jpeg", "notes.txt", ".hidden.png", "dogs/._c.png"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def test_images_of_a_folder_and_below_it_are_taken_in_the_order_of_their_names(photos):
    assert [file.name for file in chosen(str(photos))] == ["a.JPG", "b.png", "c.jpeg"]


def test_of_many_images_some_are_taken_evenly_so_that_each_class_has_its_share(tmp_path):
    for kind in ("cats", "dogs"):
        (tmp_path / kind).mkdir()
        for i in range(100):
            (tmp_path / kind / f"{i:03}.png").touch()
    taken = chosen(str(tmp_path))
    assert len(taken) == MOST == 64
    assert [file.parent.name for file in taken].count("cats") == 32
    assert taken[0].name == "000.png"


@pytest.mark.parametrize("many", [1, 5, 64, 65, 128, 50_000])
def test_as_many_as_there_are_or_64_are_taken_and_none_twice(many):
    taken = evenly(many)
    assert len({*taken}) == len(taken) == min(many, 64)
    assert 0 <= min(taken) <= max(taken) < many


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "there is no '.*nowhere' to calibrate on"),
        ("", "there is no '' to calibrate on"),
        ("a\0b", "to calibrate on"),
        ("empty", "there are no images in "),
        ("weights.bin", "'weights.bin' is nothing to calibrate on"),
        ("half\udcff", "not Unicode text"),
    ],
)
def test_a_place_without_inputs_is_refused_with_what_would_be_one(name, words, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "weights.bin").touch()
    with pytest.raises(UsageError, match=words) as raised:
        chosen(str(tmp_path / name) if name else "")
    assert raised.value.hint


def test_a_digest_is_of_what_is_in_the_images_wherever_they_are(photos, tmp_path):
    before = digest(str(photos))
    assert len(before) == 16
    photos.rename(tmp_path / "elsewhere")
    assert digest(str(tmp_path / "elsewhere")) == before
    (tmp_path / "elsewhere" / "notes.txt").write_text("other")
    assert digest(str(tmp_path / "elsewhere")) == before
    (tmp_path / "elsewhere" / "b.png").write_text("other")
    assert digest(str(tmp_path / "elsewhere")) != before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read it")
def test_an_image_that_may_not_be_read_is_named(photos):
    (photos / "b.png").chmod(0)
    with pytest.raises(UsageError, match=r"cannot read 'b\.png'"):
        digest(str(photos))


def test_a_name_does_not_say_where_it_is(photos, monkeypatch):
    assert name_of(str(photos)) == name_of(f"{photos}/") == "photos"
    monkeypatch.chdir(photos)
    assert name_of(".") == "photos"
