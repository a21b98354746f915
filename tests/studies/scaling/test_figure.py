"""Throughput against latency: where each point stands, and where the rings are."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from lightbench.errors import UsageError
from lightbench.figures.numbers import DOT
from lightbench.studies.scaling.figure import MOST, RING, draw


def rings(axes):
    """Where, and how thick."""
    return [
        (float(line.get_xdata()[0]), line.get_markeredgewidth())
        for line in axes.lines
        if line.get_markersize() == 2 * DOT * RING
    ]


def dots(axes):
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_markersize() == 2 * DOT
    ]


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def test_points_stand_at_their_latency_and_throughput(make_record):
    records = [make_record(latency_s=0.010), make_record(batch=2, latency_s=0.016)]
    (axes,) = draw(records).axes
    assert dots(axes) == [pytest.approx((0.010, 100)), pytest.approx((0.016, 125))]
    assert {"1", "2"} <= {text.get_text() for text in axes.texts}


def test_the_knee_has_a_ring(scaled):
    (axes,) = draw(scaled({1: [0.010] * 12, 2: [0.012] * 12, 4: [0.048] * 12})).axes
    assert rings(axes) == [(pytest.approx(0.012), 1.2)]


def test_where_it_is_not_known_thin_rings_are_on_all_that_may_be_it(scaled):
    figure = draw(scaled({1: [0.010] * 12, 2: [0.020] * 6 + [0.010] * 6, 4: [0.1] * 12}))
    assert [width for _, width in rings(figure.axes[0])] == [0.6, 0.6]
    assert "the intervals do not tell which" in "".join(texts(figure))


def test_where_there_is_none_there_is_no_ring(scaled):
    figure = draw(scaled({1: 0.010, 2: 0.010}))
    assert rings(figure.axes[0]) == []
    assert "ring" not in "".join(texts(figure))


def test_series_are_named_and_those_that_do_not_fit_are_counted(scaled):
    names = [f"net{i}" for i in range(MOST + 2)]
    records = [r for name in names for r in scaled({1: 0.010, 2: 0.016}, model=name)]
    words = texts(draw(records))
    assert {*names[:MOST]} <= {*words}
    assert f"2 of {MOST + 2} series are not shown" in "".join(words)


def test_points_without_a_time_are_counted(scaled):
    assert "1 points have no time" in "".join(texts(draw(scaled({1: 0.01, 2: 0.016, 4: None}))))


@pytest.mark.parametrize("times", [{}, {1: 0.010}, {1: 0.010, 2: None}])
def test_without_two_points_there_is_nothing_to_draw(scaled, times):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(scaled(times))
