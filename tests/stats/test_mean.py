"""The mean over seeds with its interval, held against a published example."""

from __future__ import annotations

import pytest

from lightbench.stats.mean import Mean, mean_of

# Additional hours of sleep, of ten patients: the example of Student's own paper (1908), drug 2.
SLEEP = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_it_is_that_of_students_patients():
    """Mean 2.33, deviation 2.0022 (n - 1), and with t(9) = 2.2622 the bounds 0.8977 and 3.7623."""
    found = mean_of(SLEEP)
    assert (found.mean, found.n) == (pytest.approx(2.33), 10)
    assert found.deviation == pytest.approx(2.002249, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.897677, 3.762323), abs=1e-6)


def test_of_three_the_interval_is_two_and_a_half_deviations_wide():
    """t(2) = 4.3027, over the root of 3."""
    found = mean_of([0.96, 0.97, 0.98])
    assert found.deviation == pytest.approx(0.01)
    assert found.high - found.mean == pytest.approx(4.302653 * 0.01 / 3**0.5)


def test_of_one_value_nothing_is_known_of_the_spread():
    assert mean_of([0.9]) == Mean(0.9, None, None, None, 1)


def test_equal_values_have_themselves_as_mean_and_no_spread():
    assert mean_of([0.1, 0.1, 0.1]) == Mean(0.1, 0.0, 0.1, 0.1, 3)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("inf")]])
def test_without_finite_values_there_is_none(values):
    with pytest.raises(ValueError, match="a mean"):
        mean_of(values)
