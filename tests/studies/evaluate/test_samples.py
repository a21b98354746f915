"""The grid of images: which they are, and how right and wrong are told apart."""

from __future__ import annotations

import pytest
from evaluations import Lookup, answering, data_of

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.figures.save import save
from lightbench.studies.evaluate.samples import ACROSS, LARGEST, Sample, draw_samples

NAN = float("nan")


@pytest.fixture
def found(use):
    """100 images of three classes: every tenth is answered wrongly, the first not at all."""
    labels = [i % 3 for i in range(100)]
    use(data_of(labels))
    answers = [(label + (i % 10 == 5)) % 3 for i, label in enumerate(labels)]
    table = answering(answers, images=100)
    table[0] = NAN
    return lb.evaluate(Lookup(table), data="made", input="1x4x4", threads=1)


def test_64_are_taken_evenly_and_always_the_same(found):
    assert len(found.samples) == ACROSS * ACROSS
    values = [sample.image.getpixel((0, 0)) for sample in found.samples]
    assert values == [i * 100 // 64 for i in range(64)]  # whose pixels are their number
    assert found.samples[1] == Sample(
        found.samples[1].image, "b", "b", pytest.approx(0.9647, abs=1e-3)
    )
    assert found.samples[0][1:] == ("a", None, None)
    wrong = [value for value, sample in zip(values, found.samples, strict=True) if not sample.right]
    assert wrong == [v for v in values if v % 10 == 5 or v == 0]


def test_of_few_images_all_are_taken_and_large_ones_are_made_small(use):
    use(data_of([0, 1, 2], side=300))
    network = Lookup(answering([0, 1, 2]))
    samples = lb.evaluate(network, data="made", input="1x300x300", threads=1).samples
    assert [sample.right for sample in samples] == [True] * 3
    assert max(samples[0].image.size) == LARGEST


def frame(axes):
    spine = axes.spines["left"]
    return spine.get_edgecolor(), spine.get_linewidth(), spine.get_linestyle()


def test_right_and_wrong_differ_in_colour_frame_and_mark(found):
    figure = draw_samples(found.samples, ["net"], 100)
    cells = list(zip(found.samples, figure.axes, strict=True))
    right = {frame(axes) for sample, axes in cells if sample.right}
    wrong = {frame(axes) for sample, axes in cells if not sample.right}
    assert len(right) == len(wrong) == 1
    assert all(a != b for a, b in zip(right.pop(), wrong.pop(), strict=True))
    for sample, axes in cells:
        said = axes.get_title(loc="left")
        assert said.startswith("\u2713" if sample.right else "\u2717")
        assert (f"\nis {sample.own}" in said) is not sample.right
    assert figure.axes[0].get_title(loc="left") == "\u2717 no number\nis a"


def test_the_title_says_how_many_of_all_are_shown_and_how_many_are_wrong(found):
    wrong = sum(not sample.right for sample in found.samples)
    assert (
        found.samples_figure().get_suptitle()
        == f"Lookup, made, eager, 64 of 100 images, {wrong} wrong"
    )


def test_a_grid_that_is_not_full_has_empty_places(found):
    figure = draw_samples(found.samples[:10], ["net"], 100)
    assert [axes.axison for axes in figure.axes] == [True] * 10 + [False] * 6


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_it_is_the_same_bytes_each_time(found, tmp_path, suffix):
    for name in "ab":
        save(found.samples_figure(), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_names_of_classes_are_shown_as_they_are_and_do_not_act(found, tmp_path):
    hostile = [
        sample._replace(own="$\\foo$" * 9, answered="\u202ea\nb") for sample in found.samples[:1]
    ]
    figure = draw_samples(hostile, ["$\\foo$"], 1)
    said = figure.axes[0].get_title(loc="left")
    assert "\\u202ea\\nb" in said
    assert len(said.split("\n")[1]) < 20
    save(figure, tmp_path / "s.svg")  # with mathtext it would fail


def test_without_images_there_is_nothing_to_draw():
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_samples((), ["net"], 0)
