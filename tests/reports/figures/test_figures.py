"""The figures of a report: what predicts latency, and the Pareto front."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench.errors import UsageError
from lightbench.figures.style import style
from lightbench.models.accuracy import Accuracy
from lightbench.reports.figures.pareto import draw as draw_pareto
from lightbench.reports.figures.predictors import draw as draw_predictors
from lightbench.units import correlation


@pytest.fixture
def nets(make_record):
    """Time follows memory access exactly: 1 ms for each MB. MAdds rank -0.1 (see test_predictors)."""
    moved = [4, 1, 5, 2, 3]
    return [
        make_record(f"net{i}", madds=10**8 * (i + 1), mem_bytes=10**6 * mb, latency_s=mb / 1e3)
        for i, mb in enumerate(moved)
    ]


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]


def words(figure):
    return " ".join(" ".join(t.get_text() for t in figure.findobj(mpl.text.Text)).split())


def dots(axes):
    """Where the points stand, with their look: marker, filled black or not."""
    return {
        line.get_xydata()[0].tolist().__str__(): (line.get_marker(), line.get_color() == "black")
        for line in axes.get_lines()
        if line.get_marker() in {"o", "D"}
    }


# What predicts latency.


def test_the_best_predictor_comes_first_with_its_correlation_and_its_number_of_cases(nets):
    """Parameters, activations and the paper's account are the same for all: nothing to draw."""
    assert titles(draw_predictors(nets)) == [
        "Memory access\nrank 1.00, n 5",
        "MAdds\nrank -0.10 (-0.90 to 0.86), n 5",
    ]


def test_a_panel_shows_the_value_against_the_time_on_logarithmic_axes(nets):
    first, *_ = draw_predictors(nets).axes
    assert set(dots(first)) == {str([mb * 1e6, mb / 1e3]) for mb in (4, 1, 5, 2, 3)}
    assert first.get_xscale() == first.get_yscale() == "log"


def test_the_dashed_line_is_in_proportion(nets):
    first, *_ = draw_predictors(nets).axes
    (line,) = [line for line in first.get_lines() if line.get_linestyle() == "--"]
    (x1, y1), (x2, y2) = line.get_xydata()
    assert y1 / x1 == pytest.approx(1e-9)
    assert y2 / x2 == pytest.approx(1e-9)


def test_all_panels_have_the_same_scale_of_time_with_room_for_every_case(nets, make_record):
    """Also for one that is not in the last panel, since it has no multiply-adds."""
    slow = make_record("poolings", madds=0, mem_bytes=10**8, latency_s=0.1)
    first, second, _ = draw_predictors([*nets, slow]).axes
    assert titles(first.figure)[1].endswith("n 5")
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[1] > 0.1


def test_intervals_are_drawn_from_low_to_high_at_each_point(nets):
    first, *_ = draw_predictors(nets).axes
    bars = [line.get_xydata().tolist() for line in first.get_lines() if line.get_marker() == "None"]
    assert [[1e6, pytest.approx(0.98e-3)], [1e6, pytest.approx(1.02e-3)]] in bars


def test_panels_that_are_not_needed_are_not_there(nets):
    assert [axes.axison for axes in draw_predictors(nets).axes] == [True, True, False]


def test_ticks_are_few_and_round(nets):
    first, second, *_ = draw_predictors(nets).axes
    said = [label.get_text() for label in first.get_xticklabels()]
    assert "2 MB" in said
    assert 2 <= len(said) <= 5
    assert "200 M" in [label.get_text() for label in second.get_xticklabels()]


@pytest.mark.parametrize("ratio", [2.6, 5.9, 60, 199, 1e4, 1e9])
def test_ticks_are_never_a_crowd(nets, make_record, ratio):
    far = make_record("far", madds=int(10**8 * ratio), mem_bytes=int(10**6 * ratio), latency_s=1)
    first, second, _ = draw_predictors([*nets, far]).axes
    for labels in (first.get_xticklabels(), second.get_xticklabels(), first.get_yticklabels()):
        assert 1 <= len(labels) <= 5


def test_of_several_setups_the_largest_is_drawn(nets, make_record):
    other = [make_record(f"m{i}", madds=10 + i, latency_s=1 + i, batch=8) for i in range(6)]
    alike = [make_record(f"n{i}", batch=9) for i in range(7)]  # no correlation
    other += alike
    assert "batch 8" in words(draw_predictors([*nets, *other]))


def test_four_cases_or_equal_ones_are_nothing_to_draw(nets, make_record):
    alike = [make_record(f"net{i}") for i in range(6)]
    for records in ([], nets[:4], alike):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw_predictors(records)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.934, "0.93"), (-0.229, "-0.23"), (0.0574, "0.06"), (-0.001, "0.00"), (None, "-")],
)
def test_a_correlation_has_two_decimals(value, text):
    assert correlation(value) == text


# The Pareto front.

# Name -> time in ms, MAdds, top-1. By time a, b, d are on the front (c takes longer than b for less);
# by MAdds a, c, d (b needs more than d for less).
SWAP = {"a": (1, 10, 50.0), "b": (2, 45, 65.0), "c": (3, 20, 60.0), "d": (4, 40, 70.0)}


@pytest.fixture
def swap(make_record):
    records = [make_record(name, latency_s=ms / 1e3, madds=m) for name, (ms, m, _) in SWAP.items()]
    return records, {
        name: Accuracy(top1, "mine", measured=True) for name, (*_, top1) in SWAP.items()
    }


def test_the_front_is_black_and_what_swaps_is_a_diamond(swap):
    by_time, by_madds = draw_pareto(*swap).axes
    assert dots(by_time) == {
        "[0.001, 50.0]": ("o", True), "[0.002, 65.0]": ("D", True),
        "[0.003, 60.0]": ("D", False), "[0.004, 70.0]": ("o", True),
    }  # fmt: skip
    assert dots(by_madds) == {
        "[10.0, 50.0]": ("o", True), "[45.0, 65.0]": ("D", False),
        "[20.0, 60.0]": ("D", True), "[40.0, 70.0]": ("o", True),
    }  # fmt: skip


def test_the_steps_go_through_the_front_and_on_to_the_edges(swap):
    by_time, _ = draw_pareto(*swap).axes
    (steps,) = [line for line in by_time.get_lines() if line.get_drawstyle() == "steps-post"]
    (low, high), (_, right) = by_time.get_ylim(), by_time.get_xlim()
    assert steps.get_xydata().tolist() == [
        [0.001, low], [0.001, 50], [0.002, 65], [0.004, 70], [right, 70]
    ]  # fmt: skip
    assert low < 50
    assert high > 70


def test_intervals_of_time_are_drawn_on_the_left_only(swap):
    by_time, by_madds = draw_pareto(*swap).axes
    bars = [line for line in by_time.get_lines() if line.get_marker() == "|"]
    assert bars[0].get_xydata().tolist() == [
        [pytest.approx(0.98e-3), 50], [pytest.approx(1.02e-3), 50]
    ]  # fmt: skip
    assert len(bars) == 4
    assert not [line for line in by_madds.get_lines() if line.get_marker() == "|"]


def test_numbers_in_both_panels_are_those_of_the_key_fastest_first(swap):
    figure = draw_pareto(*swap)
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["1  a", "2  b", "3  c", "4  d"]
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["1", "2", "3", "4"]


def test_a_case_has_the_number_that_it_has_among_all_times(make_record):
    """As in the figure of times, in which the one of unknown accuracy is the second."""
    records = [make_record(n, latency_s=s / 100) for n, s in (("c", 3), ("blank", 2), ("a", 1))]
    figure = draw_pareto(records, {"a": Accuracy(50.0, "x"), "c": Accuracy(60.0, "x")})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1  a", "3  c"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "3"]


def test_published_accuracies_are_used_unless_there_are_own(make_record):
    record = make_record("resnet18")
    by_time, _ = draw_pareto([record]).axes
    assert dots(by_time) == {"[0.01, 69.758]": ("o", True)}
    by_time, _ = draw_pareto([record], {"resnet18": Accuracy(71.0, "mine", measured=True)}).axes
    assert dots(by_time) == {"[0.01, 71.0]": ("o", True)}


def test_cases_without_an_accuracy_are_counted(make_record):
    said = words(draw_pareto([make_record("resnet18"), make_record("net.py:Net")]))
    assert "1 of 2 cases have no known accuracy and are not shown" in said
    assert "net.py" not in said


def test_the_setup_with_the_most_accuracies_is_drawn(make_record):
    unknown = [make_record(f"m{i}", batch=8) for i in range(5)]
    said = words(draw_pareto([*unknown, make_record("resnet18", batch=1)]))
    assert "batch 1" in said


def test_without_accuracies_there_is_nothing_to_draw(make_record):
    own = {"bad": Accuracy(50.0, "x"), "none": Accuracy(50.0, "x"), "pool": Accuracy(50.0, "x")}
    without = [
        make_record("net.py:Net"), make_record("bad", failure="out of memory."),
        make_record("none", costs=False), make_record("pool", madds=0),
    ]  # fmt: skip
    for records in ([], without):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw_pareto(records, own)


def test_of_thirty_models_no_number_covers_another_or_a_point(make_record):
    own = {f"net{i}": Accuracy(60 + i % 4, "mine", measured=True) for i in range(30)}
    records = [
        make_record(name, madds=10**8 * (1 + i // 2 % 7), latency_s=0.01 * (1 + i % 9))
        for i, name in enumerate(own)
    ]
    figure = draw_pareto(records, own)
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        for axes in figure.axes:
            boxes = [mpl.text.Text.get_window_extent(text, renderer) for text in axes.texts]
            assert len(boxes) == 30
            assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
            points = [
                line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() in "oD"
            ]
            for x, y in axes.transData.transform(points):
                assert not any(box.contains(x, y) for box in boxes)
