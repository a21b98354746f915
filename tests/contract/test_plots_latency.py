"""The latency figure: times, multiply-adds, and names that keep apart."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import pytest
from drawings import UGLY, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench.errors import UsageError
from lightbench.figures.labels import labels, place
from lightbench.figures.style import style
from lightbench.figures.ticks import ticks as _ticks
from lightbench.studies.profile.figure import draw


@pytest.fixture(scope="session")
def crowd(make_record):
    """20 cases, some with equal MAdds, two in the same place."""
    return [
        make_record(f"net{i}", madds=10**8 * (1 + i // 2 % 7), latency_s=0.01 * (1 + i % 9))
        for i in range(20)
    ]


# The latency figure.


def test_cases_stand_fastest_first_with_their_times(profile):
    left, _ = draw(profile).axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names[0] == "squeezenet1_1, batch 1   1"
    assert names[-1] == "resnet18, batch 8   8"
    shown = texts(left)
    assert "12.7 ms" in shown
    assert "247 ms" in shown


def test_marks_are_those_of_the_table_in_its_words(make_record):
    busy = make_record("a", latency_s=1.0, warnings=("contended: others",))
    figure = draw([busy, make_record("b", latency_s=2.0)])
    assert {"1.00 s !", "2.00 s"} <= set(texts(figure))
    assert "! contended: other work used the machine." in figure.get_supxlabel()


def test_intervals_are_drawn_from_low_to_high(make_record):
    left, _ = draw([make_record(latency_s=0.010)]).axes
    (interval,) = left.containers[1].lines[2][0].get_segments()
    assert interval[:, 0] == pytest.approx([0.0098, 0.0102])


def test_points_stand_at_madds_and_time(make_record):
    _, right = draw([make_record(madds=10**9, latency_s=0.02)]).axes
    (points,) = right.lines
    assert points.get_xydata().tolist() == [[1e9, 0.02]]
    assert right.get_xscale() == right.get_yscale() == "log"


def test_the_title_says_how_far_madds_are_from_the_time(make_record):
    """1 GMAdds in 10 ms and 1 GMAdds in 25 ms: 2.5 times apart."""
    _, right = draw(
        [make_record("a", madds=10**9), make_record("b", madds=10**9, latency_s=0.025)]
    ).axes
    assert "MAdds/s: 2.50 times apart" in texts(right)


def test_hostile_names_stay_literal(make_record):
    names, _ = labels([make_record(name) for name in UGLY])
    assert names[:4] == [UGLY[0], UGLY[1], r"a\nb\x1b[31m", r"net\u202ecod"]
    figure = draw([make_record(name) for name in UGLY])
    assert any(UGLY[1] in text for text in texts(figure))


def test_case_labels_say_only_what_differs(make_record):
    names, shared = labels([make_record("a", batch=1), make_record("b", batch=8)])
    assert names == ["a, batch 1", "b, batch 8"]
    assert shared == "input 3x224x224, cpu, eager, float32, infer, contiguous, threads 2"


def test_what_is_not_drawn_is_said(make_record):
    figure = draw(
        [
            make_record("good"),
            make_record("slow", latency_s=1.0, stop="max_seconds"),
            make_record("poolings", latency_s=0.02, madds=0),
            make_record("bad", failure="out of memory."),
        ]
    )
    assert "1.00 s ?" in texts(figure)
    (caption,) = [text for text in texts(figure) if text.startswith("input 3x224x224")]
    assert "1 of 4 cases have no time and are not shown" in caption
    assert "without MAdds, so not on the right: 2" in caption
    assert "? not converged: the interval is still wide" in caption


def test_a_suspect_time_is_in_no_figure(make_record):
    doubted = make_record("doubted", latency_s=0.5, warnings=("suspect: it remembers.",))
    drawn = texts(draw([make_record("good"), doubted]))
    assert not [text for text in drawn if "doubted" in text or "500 ms" in text]
    (caption,) = [text for text in drawn if text.startswith("input 3x224x224")]
    assert "1 of 2 cases have no time, or a suspect one, and are not shown" in caption


def test_nothing_timed_is_nothing_to_draw(make_record):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([make_record(failure="out of memory.")])


def test_times_without_costs_can_be_drawn(make_record):
    assert "no case has multiply-adds" in texts(draw([make_record(costs=False)]))


def test_numbers_in_the_drawn_figure_do_not_cover_one_another(crowd):
    figure = draw(crowd)
    _, right = figure.axes
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        boxes = [
            mpl.text.Text.get_window_extent(text, renderer)
            for text in right.texts
            if isinstance(text, mpl.text.Annotation)
        ]
    assert len(boxes) == 20
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(20, 280), st.floats(20, 180)), min_size=1, max_size=20))
def test_labels_never_overlap_for_up_to_twenty_points(points):
    size = (14.0, 9.0)
    centres = place(points, [size] * len(points), (300.0, 200.0), 3.0)
    for (ax, ay), (bx, by) in combinations(centres, 2):
        assert abs(ax - bx) >= size[0] - 1e-9 or abs(ay - by) >= size[1] - 1e-9
    for x, y in centres:
        assert 7 <= x <= 293
        assert 4.5 <= y <= 195.5


@given(st.floats(1e-7, 1e9), st.floats(2.56, 1e6))
def test_an_axis_always_has_a_tick_and_never_a_crowd(low, ratio):
    ticks = _ticks(low, low * ratio)
    assert 1 <= len(ticks) <= 8
    assert all(low <= tick <= low * ratio for tick in ticks)
