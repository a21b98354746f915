"""Images with the classes that a network sees in them, as bars."""

from __future__ import annotations

from dataclasses import replace

import pytest
from colours import Colours
from drawings import UGLY, check_words, texts
from PIL import Image

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.figures.save import save
from lightbench.studies.predict.drawing import MOST, draw
from lightbench.studies.predict.predicted import Guess, Predicted


@pytest.fixture
def found(photos, weights):
    return lb.predict(Colours(), photos, weights=weights, top=3, input="3x4x4")


def bars(axes):
    """The lengths of what is drawn over the grey background of each bar."""
    return [bar.get_width() for bar in axes.patches[1::2]]


def test_each_image_stands_beside_its_bars_which_are_as_long_as_it_is_probable(found):
    figure = draw(found)
    pictures, lists = figure.axes[::2][:4], figure.axes[1::2][:4]
    for picture, beside, image in zip(pictures, lists, found.images, strict=True):
        assert beside.get_title(loc="left") == image.path.rpartition("/")[2]
        assert bars(beside) == pytest.approx([g.probability for g in image.guesses])
        (drawn,) = picture.images
        want = {"black": (0, 0, 0), "blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}
        name = beside.get_title(loc="left").removesuffix(".png")
        assert tuple(drawn.get_array()[0, 0]) == want[name]
    said = texts(figure)
    assert said.count("80.0 %") == 3
    assert {"red one", "green one", "blue one"} <= set(said)


def test_an_image_stands_upright(tmp_path, weights):
    image = Image.new("RGB", (8, 4), (0, 0, 255))
    notes = image.getexif()
    notes[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=notes)
    figure = draw(lb.predict(Colours(), tmp_path / "a.jpg", weights=weights, input="3x4x4"))
    assert figure.axes[0].images[0].get_array().shape == (8, 4, 3)


def test_too_many_are_cut_with_a_word(found):
    many = replace(found, images=found.images * 10)
    figure = draw(many)
    assert f"in the first {MOST} of 40 images" in " ".join(figure.get_suptitle().split())
    assert sum(bool(axes.images) for axes in figure.axes) == MOST


def test_too_many_classes_are_cut_with_a_word(found):
    guesses = tuple(Guess(i, str(i), 1 / 12) for i in range(12))
    figure = draw(replace(found, images=(found.images[0]._replace(guesses=guesses),)))
    assert "the 10 best classes" in " ".join(figure.get_suptitle().split())
    assert len(bars(figure.axes[1])) == 10


def test_those_without_an_answer_are_left_out_with_a_word(found):
    broken = Predicted("gone.png", problem="is damaged: it is cut off")
    figure = draw(replace(found, images=(broken, *found.images)))
    assert "1 without an answer are left out" in " ".join(figure.get_suptitle().split())
    assert "gone.png" not in texts(figure)
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(replace(found, images=(broken,)))


def test_an_image_that_is_gone_by_now_is_empty(found, photos):
    (photos / "red.png").unlink()
    assert sum(bool(axes.images) for axes in draw(found).axes) == 3


@pytest.mark.parametrize("name", UGLY)
@pytest.mark.parametrize("many", [1, 2, 5])
def test_no_words_overlap_or_leave_the_picture(name, many, photos):
    guesses = tuple(Guess(i, name, share) for i, share in enumerate((0.9, 0.09999, 0.00001)))
    images = tuple(Predicted(str(photos / "red.png"), guesses) for _ in range(many))
    figure = draw(
        lb.predict(Colours(), photos / "red.png", input="3x4x4").__class__(
            name, name or None, images, "scores", "", assumed=False, named=True
        )
    )
    check_words(figure)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_figure_has_the_same_bytes_each_time(suffix, found, tmp_path):
    for name in ("a", "b"):
        save(draw(found), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
