"""A median with its bounds: what cannot be true cannot be built."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.stats.interval import Interval
from lightbench.stats.median import interval_of


@pytest.mark.parametrize(
    "values",
    [
        (float("nan"),),
        (1.0, 0.5, float("inf")),
        (1.0, 0.5),
        (1.0, None, 1.5),
        (1.0, 1.1, 1.2),
        (1.0, 0.8, 0.9),
    ],
    ids=["NaN", "inf", "no upper bound", "no lower bound", "below", "above"],
)
def test_an_interval_is_finite_and_has_both_bounds_around_its_median_or_none(values):
    with pytest.raises(ValueError, match="an interval"):
        Interval(*values)


def test_bounds_may_be_the_median_and_a_saving_may_be_negative():
    assert Interval(2.0, 2.0, 2.0).rel == 0
    assert Interval(-1.0, -2.0, 0.0).median == -1
    assert Interval(0.0, -1.0, 1.0).rel is None  # a fraction of nothing


def test_an_interval_of_values_is_the_median_between_order_statistics():
    """Of 7 values the extremes bound the median with 1 - 2/2^7 = 98.4 %, the next ones with 87.5 %;
    of 9 the second ones do with 1 - 2 (1 + 9)/2^9 = 96.1 %."""
    assert interval_of([3, 1, 7, 4, 2, 6, 5]) == Interval(4, 1, 7)
    assert interval_of(iter(range(9))) == Interval(4, 1, 7)


def test_fewer_than_6_values_have_no_bounds_and_none_are_refused():
    assert interval_of([1, 2, 3, 4, 5]) == Interval(3, None, None)
    assert interval_of([1, 2, 3, 4, 5, 6]) == Interval(3.5, 1, 6)
    with pytest.raises(ValueError, match="at least one value"):
        interval_of([])


def test_how_well_a_median_is_known_is_half_the_width_as_a_fraction_of_it():
    """From 3 to 7 around 4 is plus or minus 2, which is half of 4."""
    assert Interval(4.0, 3.0, 7.0).rel == 0.5
    assert Interval(4.0).rel is None


def test_an_interval_stays_as_it_was_built():
    one = Interval(4.0, 3.0, 7.0)
    with pytest.raises(AttributeError, match="immutable"):
        one.low = 5.0
    assert len({one, Interval(4.0, 3.0, 7.0)}) == 1


def test_a_bound_under_another_name_is_refused_instead_of_left_out():
    assert msgspec.json.decode(b'{"median": 4, "low": 3, "high": 7}', type=Interval).low == 3
    with pytest.raises(msgspec.ValidationError, match="lower"):
        msgspec.json.decode(b'{"median": 4, "lower": 3, "upper": 7}', type=Interval)
