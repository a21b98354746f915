"""The geometric mean of ratios and its interval, against formulas and Python's own."""

from __future__ import annotations

import math
from statistics import geometric_mean as pythons

import pytest

from lightbench.stats.geometric import geometric_mean
from lightbench.stats.restarts import restart_ratio

near = pytest.approx
RATIOS = [0.36, 0.26, 0.27, 0.24, 0.29, 0.27, 0.50, 0.56, 0.41]
LOGS = [math.log(ratio) for ratio in RATIOS]


def test_twice_as_fast_and_twice_as_slow_come_to_the_same():
    assert geometric_mean([math.log(2), math.log(0.5)]).ratio == near(1)


def test_it_is_the_geometric_mean_of_pythons_own_library():
    found = geometric_mean(LOGS)
    assert found.ratio == near(pythons(RATIOS))
    assert found.n == 9


def test_its_interval_is_about_as_wide_as_students_t_would_have_it():
    """The plain percentiles of the bootstrap would be a fifth too narrow for nine."""
    found, t = geometric_mean(LOGS), restart_ratio(LOGS, 0.95)
    assert found.log_high - found.log_low == near(t.log_high - t.log_low, rel=0.12)
    assert found.log_low < found.log < found.log_high


def test_swapping_the_sides_mirrors_it():
    there, back = geometric_mean(LOGS), geometric_mean([-log for log in LOGS])
    assert (back.log, back.log_low, back.log_high) == near(
        (-there.log, -there.log_high, -there.log_low)
    )


def test_the_interval_is_within_what_was_seen_and_the_same_each_time():
    found = geometric_mean(LOGS)
    assert min(LOGS) <= found.log_low <= found.log_high <= max(LOGS)
    assert geometric_mean(LOGS) == found


def test_equal_ratios_have_no_width():
    found = geometric_mean([math.log(0.3)] * 7)
    assert (found.ratio, found.low, found.high) == near((0.3, 0.3, 0.3))
    assert found.interval  # its bounds are around it


def test_fewer_than_five_have_no_interval():
    assert geometric_mean(LOGS[:5]).log_low is not None
    assert geometric_mean(LOGS[:4]).log_low is geometric_mean(LOGS[:4]).log_high is None


@pytest.mark.parametrize("logs", [[], [math.nan], [0.0, math.inf]])
def test_what_is_no_ratio_is_refused(logs):
    with pytest.raises(ValueError, match="finite logarithms"):
        geometric_mean(logs)
