"""Wilson's interval of a share, held against published numbers."""

from __future__ import annotations

import math

import pytest

from lightbench.stats.wilson import wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_it_is_that_of_newcombes_table(right, of, low, high):
    """Newcombe 1998, Table I, method 3 (score, without correction for continuity)."""
    found = wilson(right, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.median == right / of


@pytest.mark.parametrize(("right", "of"), [(1, 10), (7, 10), (360, 1797), (9_999, 10_000)])
def test_its_bounds_are_the_shares_that_lie_196_of_their_own_deviations_away(right, of):
    """What defines it (Wilson 1927): |p - P| = z sqrt(P (1 - P) / n) at both ends P."""
    found = wilson(right, of)
    for bound in (found.low, found.high):
        away = abs(right / of - bound) / math.sqrt(bound * (1 - bound) / of)
        assert away == pytest.approx(1.959964, abs=1e-6)


def test_wrong_and_right_change_places():
    one, other = wilson(3, 40), wilson(37, 40)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low))


@pytest.mark.parametrize("of", [1, 2, 10, 10_000, 10**9])
def test_none_and_all_have_a_bound_at_the_end_and_one_that_is_not(of):
    none, every = wilson(0, of), wilson(of, of)
    assert (none.low, every.high) == (0.0, 1.0)
    assert 0 < none.high < 1
    assert 0 < every.low < 1


def test_rounding_does_not_lead_beyond_the_ends():
    for of in range(1, 2_000):
        assert wilson(0, of).low == 0.0
        assert wilson(of, of).high == 1.0


def test_more_confidence_and_fewer_trials_make_it_wider():
    def width(*asked):
        found = wilson(*asked)
        return found.high - found.low

    assert width(50, 100, 0.99) > width(50, 100) > width(500, 1000)


@pytest.mark.parametrize(("right", "of"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(right, of):
    with pytest.raises(ValueError, match=f"got {right} of {of}"):
        wilson(right, of)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, float("nan")])
def test_a_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(ValueError, match="a confidence"):
        wilson(1, 2, confidence)
