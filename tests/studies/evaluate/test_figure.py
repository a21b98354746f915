"""What is taken for what, and how far confidence can be trusted: what stands where."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from evaluations import evaluated, evaluation, of
from matplotlib.collections import PolyCollection

from lightbench.errors import UsageError
from lightbench.records.findings import Bin
from lightbench.stats.wilson import wilson
from lightbench.studies.evaluate.figure import draw


def texts(axes):
    return [text.get_text() for text in axes.texts]


def cells(axes):
    """How dark each one is; those that are not drawn are white."""
    (drawn,) = (c for c in axes.collections if isinstance(c, PolyCollection))
    many = round(axes.get_xlim()[1] + 0.5)
    found = np.zeros((many, many))
    for path, value in zip(drawn.get_paths(), drawn.get_array(), strict=True):
        x, y = path.vertices[:4].mean(axis=0)
        found[round(y), round(x)] = value
    return found


def test_rows_are_classes_and_columns_what_was_answered(make_record):
    axes, _ = draw([evaluated(make_record, found=evaluation(((8, 2), (1, 9))))]).axes
    assert [[round(float(x) ** 2, 3) for x in row] for row in cells(axes)] == [
        [0.8, 0.2],
        [0.1, 0.9],
    ]
    assert texts(axes) == ["8", "2", "1", "9"]
    at = {text.get_text(): text.get_position() for text in axes.texts}
    assert at["2"] == (1, 0)  # answered 1, class 0
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first class is at the top
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("answered", "class")


def test_numbers_are_read_on_dark_cells_too(make_record):
    axes, _ = draw([evaluated(make_record, found=evaluation(((90, 10), (0, 0))))]).axes
    assert {text.get_text(): text.get_color() for text in axes.texts} == {
        "90": "white",
        "10": "black",
    }


def test_a_class_without_images_is_an_empty_row(make_record):
    axes, _ = draw([evaluated(make_record, found=of(5, 5))]).axes
    assert cells(axes)[1].tolist() == [0, 0]


@pytest.mark.parametrize(("classes", "shown", "named"), [(13, 13, 13), (30, 30, 0), (250, 84, 0)])
def test_many_classes_have_no_numbers_then_no_names_then_share_a_cell(
    make_record, classes, shown, named
):
    confusion = tuple(tuple(3 if i == j else 0 for j in range(classes)) for i in range(classes))
    axes, _ = draw([evaluated(make_record, found=evaluation(confusion))]).axes
    assert cells(axes).shape == (shown, shown)
    assert np.trace(cells(axes)) == pytest.approx(shown)
    assert texts(axes) == []
    assert len(axes.get_xticks()) == named
    assert axes.get_xlabel() == ("answered, 3 a cell" if classes == 250 else "answered")


def test_points_stand_at_confidence_and_share_with_wilsons_interval(make_record):
    bins = (
        Bin(images=0, right=0, confidence=None),
        Bin(images=60, right=30, confidence=0.45),
        Bin(images=40, right=40, confidence=0.9),
    )
    record = evaluated(make_record, found=evaluation(((70, 30), (0, 0)), bins=bins))
    _, axes = draw([record]).axes
    points = [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert points == [(0.45, 0.5), (0.9, 1.0)]
    bars = [line.get_ydata() for line in axes.lines if line.get_marker() == "None"]
    interval = wilson(30, 60)
    assert list(bars[0]) == pytest.approx([interval.low, interval.high])
    assert [patch.get_height() for patch in axes.patches] == [0.6, 0.4]
    assert axes.patches[0].get_x() + axes.patches[0].get_width() / 2 == pytest.approx(0.5)
    (diagonal,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert axes.get_title(loc="left").startswith("ECE 7.0 %")  # 0.6 * 0.05 + 0.4 * 0.1


def test_each_evaluation_has_two_panels_and_of_many_the_first_four_are_drawn(make_record):
    records = [evaluated(make_record, f"net{i}", found=of(90)) for i in range(6)]
    assert len(draw(records[:2]).axes) == 4
    figure = draw(records)
    assert len(figure.axes) == 8
    said = " ".join(t.get_text() for t in figure.findobj(mpl.text.Text))
    assert "the first 4 of 6" in said
    assert "net3\n" in said
    assert "net4" not in said


def test_without_an_answer_that_is_a_number_there_are_no_points(make_record):
    found = evaluation(((0, 0), (0, 0)), unanswered=(3, 4), loss=None)
    _, axes = draw([evaluated(make_record, found=found)]).axes
    assert not [line for line in axes.lines if line.get_marker() == "o"]
    assert axes.get_title(loc="left").startswith("ECE -")


def test_records_without_an_evaluation_draw_nothing(make_record):
    for records in ([], [make_record("net")]):
        with pytest.raises(UsageError, match="hold no evaluation: there is nothing to draw"):
            draw(records)
