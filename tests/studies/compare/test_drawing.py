"""A comparison, drawn."""

from __future__ import annotations

import msgspec
import pytest
from drawings import UGLY, texts

from lightbench.errors import UsageError
from lightbench.stats.ratio import paired_ratio
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.drawing import draw_comparison


@pytest.fixture
def compared(make_record):
    """The comparison of two sides with these times."""

    def made(a, b, names=("a", "b"), **more):
        records = []
        for name, times in zip(names, (a, b), strict=True):
            record = make_record(name)
            samples = msgspec.structs.replace(record.samples, wall_s=tuple(times))
            records.append(msgspec.structs.replace(record, samples=samples))
        facts = {"ratio": paired_ratio(a, b), "verdict": "slower", **more}
        return Comparison(
            a=records[0], b=records[1], names=names, tolerance=0.02, confidence=0.99, seconds=1.0, **facts
        )  # fmt: skip

    return made


A = [0.010 + i * 1e-5 for i in range(20)]


def test_the_median_its_interval_and_the_band_of_the_tolerance_are_drawn(compared):
    """Every pair is 10 % apart."""
    left, _ = draw_comparison(compared(A, [1.1 * t for t in A]), "slower").axes
    median, interval = left.lines
    assert median.get_xdata() == pytest.approx([1.1, 1.1])
    assert interval.get_xdata() == pytest.approx([1.1, 1.1])
    band = left.patches[0]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((1 / 1.02, 1.02))
    assert "+10.0 %" in texts(left)
    assert left.get_xscale() == "linear"


def test_sides_that_are_far_apart_have_a_logarithmic_axis_of_ratios(compared):
    left, right = draw_comparison(compared(A, [50 * t for t in A]), "slower").axes
    assert (left.get_xscale(), right.get_yscale()) == ("log", "log")
    assert "x50.0" in texts(left)


def test_both_sides_stand_round_by_round_under_their_names(compared):
    found = compared(A, [1.1 * t for t in A], names=(UGLY[1], "b"))
    _, right = draw_comparison(found, "slower").axes
    a, b = right.lines
    assert list(a.get_xdata()) == list(range(1, 21))
    assert a.get_ydata() == pytest.approx(A)
    assert b.get_ydata() == pytest.approx([1.1 * t for t in A])
    assert [text.get_text() for text in right.get_legend().get_texts()] == [f"A: {UGLY[1]}", "B: b"]


def test_pairs_beyond_the_axis_are_counted(compared):
    """One of 200 is 100 times slower."""
    many = A * 10
    b = [1.1 * t for t in many]
    b[7] *= 100
    left, _ = draw_comparison(compared(many, b), "slower").axes
    assert left.get_xlabel() == "time of B over A, pair by pair (200); 1 are beyond"


def test_too_few_pairs_have_no_interval(compared):
    left, _ = draw_comparison(compared(A[:1], A[:1], verdict="unclear"), "unclear").axes
    assert "Median, no interval yet; grey: tolerance" in texts(left)


def test_sides_that_were_not_timed_are_nothing_to_draw(compared):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_comparison(compared(A, A, ratio=None, verdict="not comparable"), "")
