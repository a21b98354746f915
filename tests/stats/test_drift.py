"""A latency beside stored sessions: by how much a new one may differ, and what is beyond that."""

from __future__ import annotations

import math

import pytest

from lightbench.stats.drift import Drift, drift, judge_stored

TWICE = Drift(
    median_s=1.0, limit=1.0, sessions=3
)  # its limits are 2 s and 0.5 s, exact as logarithms


def test_the_limit_is_the_prediction_interval_for_one_session_more():
    """Logarithms -0.5, 0 and 0.5: s = 0.5, and t of 2 degrees is sqrt(2) c / sqrt(1 - c^2), by hand."""
    c = 0.9
    t = math.sqrt(2) * c / math.sqrt(1 - c**2)
    found = drift([math.exp(-0.5), 1.0, math.exp(0.5)], alpha=1 - c)
    assert found.limit == pytest.approx(math.expm1(t * 0.5 * math.sqrt(1 + 1 / 3)))
    assert (found.median_s, found.sessions) == (1.0, 3)


def test_two_sessions_already_have_a_spread():
    """Logarithms 0 and 1: s = sqrt(1/2), and t of 1 degree is that of Cauchy, tan(c pi / 2)."""
    found = drift([1.0, math.e], alpha=0.5)
    assert found.limit == pytest.approx(math.expm1(1.0 * math.sqrt(1 / 2) * math.sqrt(1 + 1 / 2)))
    assert (found.median_s, found.sessions) == (pytest.approx(math.sqrt(math.e)), 2)


@pytest.mark.parametrize("medians_s", [[0.010], [0.010, 0.010], [0.010] * 9])
def test_no_limit_is_narrower_than_a_fifth(medians_s):
    found = drift(medians_s)
    assert found.limit == pytest.approx(0.20)
    assert found.median_s == pytest.approx(0.010)


@pytest.mark.parametrize(
    ("low_s", "high_s", "verdict"),
    [
        (0.5, 2.0, "same"),  # as far as the limits
        (2.0, 2.0, "same"),
        (0.5, 0.5, "same"),
        (math.nextafter(2.0, 3), 3.0, "slower"),
        (0.3, math.nextafter(0.5, 0), "faster"),
        (2.0, 3.0, "unclear"),
        (0.3, 0.5, "unclear"),
        (0.3, 3.0, "unclear"),
        (None, None, "unclear"),
        (1.0, None, "unclear"),
    ],
)
def test_a_change_is_one_that_the_whole_interval_shows(low_s, high_s, verdict):
    assert judge_stored(TWICE, low_s, high_s) == verdict


@pytest.mark.parametrize(
    ("low_s", "verdict"), [(0.021, "slower"), (0.011, "same"), (0.001, "faster")]
)
def test_what_a_change_is_measured_from_is_the_stored_median(low_s, verdict):
    assert judge_stored(Drift(median_s=0.010, limit=1.0, sessions=3), low_s, 1.1 * low_s) == verdict
