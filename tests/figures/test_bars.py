"""Bars with their numbers: unknown is a dash, and nothing beside a giant is a sliver."""

from __future__ import annotations

import pytest
from drawings import texts
from matplotlib.figure import Figure

from lightbench.figures.bars import apart, bars


def drawn(values, **more):
    axes = Figure().subplots()
    found = bars(axes, values, lambda value: f"{value:g} M", heading="Params", **more)
    return axes, found


def test_bars_of_like_sizes_begin_at_zero_and_are_as_long_as_their_numbers():
    axes, found = drawn([2.0, 20.0, 4.0])
    assert [(bar.get_x(), bar.get_width()) for bar in found] == [(0, 2), (0, 20), (0, 4)]
    assert axes.get_xscale() == "linear"
    assert {"2 M", "20 M", "4 M", "Params"} <= set(texts(axes))


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ((2.0, 20.0), False),
        ((2.0, 20.1), True),
        ((5.0,), False),
        ((0, 1.0, None), False),
        ((), False),
    ],
)
def test_apart_is_more_than_ten_times(values, far):
    assert apart(values) is far


def test_where_one_is_ten_times_another_the_axis_is_logarithmic_and_says_so():
    axes, found = drawn([1.0, 1000.0])
    assert axes.get_xscale() == "log"
    assert "Params, logarithmic" in texts(axes)
    assert [bar.get_x() + bar.get_width() for bar in found] == pytest.approx([1, 1000])
    low, high = axes.get_xlim()
    assert low < 1
    assert high > 1000


def test_what_is_unknown_is_a_dash_and_no_bar():
    axes, found = drawn([3.0, None], beside=["", ""])
    assert found[1] is None
    assert "-" in texts(axes)


def test_words_stand_behind_the_numbers():
    axes, _ = drawn([3.0, 6.0], beside=["", "x2"])
    assert {"3 M", "6 M  x2"} <= set(texts(axes))
