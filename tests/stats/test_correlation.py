"""Correlations against published examples, and how far times are from proportion."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightbench.stats.correlation import linear, rank, ranks, spread

# Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973): the first three sets.
X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE = [
    [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
    [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74],
    [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
]
# Hours of television and intelligence, the example of Wikipedia's page on Spearman's correlation:
# the squared differences of ranks add up to 194, so 1 - 6 * 194 / (10 * 99) = -29 / 165.
IQ = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
HOURS = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]


@pytest.mark.parametrize("ys", ANSCOMBE)
def test_anscombes_sets_have_the_same_linear_correlation(ys):
    assert linear(X, ys).value == pytest.approx(0.816, abs=5e-4)


def test_its_interval_is_that_of_r():
    """R: cor.test(anscombe$x1, anscombe$y1) gives 0.4243912 to 0.9506933."""
    found = linear(X, ANSCOMBE[0])
    assert (found.low, found.high) == pytest.approx((0.4243912, 0.9506933), abs=1e-6)


@pytest.mark.parametrize("offset", [0, 1e6, 1e9])
def test_a_large_offset_of_either_side_does_not_matter(offset):
    """Both sides in whole numbers, so that their correlation is exact until its root."""
    n = len(IQ)
    products = n * sum(map(operator.mul, IQ, HOURS)) - sum(IQ) * sum(HOURS)
    squares = [n * sum(x * x for x in side) - sum(side) ** 2 for side in (IQ, HOURS)]
    exact = pytest.approx(products / math.sqrt(math.prod(squares)), rel=1e-11)
    assert linear([x + offset for x in IQ], HOURS).value == exact
    assert linear(IQ, [y + offset for y in HOURS]).value == exact


def test_a_textbooks_rank_correlation():
    assert rank(IQ, HOURS).value == pytest.approx(-29 / 165)


def test_the_interval_of_ranks_has_the_variance_of_bonett_and_wright():
    """z = -0.17760, variance (1 + 0.03089 / 2) / 7 = 0.14506, so z -+ 0.74650."""
    found = rank(IQ, HOURS)
    assert found.low == pytest.approx(math.tanh(-0.17760 - 0.74650), abs=1e-4)
    assert found.high == pytest.approx(math.tanh(-0.17760 + 0.74650), abs=1e-4)


def test_equal_values_share_the_mean_of_their_places():
    assert ranks([30, 10, 20, 20]) == [4, 1, 2.5, 2.5]
    assert rank([1, 2, 2, 3], [1, 2, 3, 4]).value == pytest.approx(4.5 / math.sqrt(4.5 * 5))


@pytest.mark.parametrize("measure", [linear, rank])
def test_nothing_is_said_of_three_pairs_or_of_a_constant(measure):
    assert measure([1, 2, 3], [1, 2, 3.5]) is None
    assert measure([], []) is None
    assert measure([5, 5, 5, 5], [1, 2, 3, 4]) is None
    assert measure([1, 2, 3, 4], [5, 5, 5, 5]) is None
    with pytest.raises(ValueError):
        measure([1, 2, 3, 4], [1, 2, 3])


def test_a_perfect_order_has_no_interval():
    """The transform of 1 is infinite: an interval from 1 to 1 would claim too much of 4 pairs."""
    up = rank([1, 2, 3, 4], [10, 100, 1000, 1e6])
    down = rank([1, 2, 3, 4], [9, 7, 5, 1])
    assert (up.value, up.low, up.high) == (1, None, None)
    assert (down.value, down.low, down.high) == (-1, None, None)
    assert linear([1, 2, 3, 4, 7], [0.1, 0.2, 0.3, 0.4, 0.7]).low is None


pairs = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=4, max_size=40)


@given(pairs)
def test_a_correlation_is_symmetric_and_lies_in_its_interval(points):
    xs, ys = zip(*points, strict=True)
    for measure in (linear, rank):
        found, turned = measure(xs, ys), measure(ys, xs)
        assert (found is None) == (turned is None)
        if found:
            assert found.value == pytest.approx(turned.value)
            assert -1 <= found.value <= 1
            if found.low is not None:
                assert -1 <= found.low < found.value < found.high <= 1


@given(pairs)
def test_ranks_do_not_change_with_the_scale(points):
    xs, ys = zip(*points, strict=True)
    found = rank(xs, ys)
    assume(found is not None)
    assert rank([x**3 for x in xs], [math.exp(y / 9) for y in ys]) == found


def test_more_pairs_narrow_the_interval():
    once, twice = linear(X, ANSCOMBE[0]), linear(X * 3, ANSCOMBE[0] * 3)
    assert twice.value == pytest.approx(once.value)
    assert twice.high - twice.low < once.high - once.low


def test_times_in_proportion_are_spread_by_1():
    assert spread([1, 2, 5], [0.01, 0.02, 0.05]) == pytest.approx(1)


def test_a_spread_is_a_factor_of_the_typical_time():
    """Times per unit are 1, 2 and 4: the middle one is 2, and the others are a factor of 2 away."""
    assert spread([1, 10, 100], [1, 20, 400]) == pytest.approx(2)
    assert spread([1, 10, 100, 1000, 10], [1, 20, 400, 2000, 20]) == pytest.approx(1)


def test_a_spread_of_nothing_is_an_error():
    with pytest.raises(ValueError):
        spread([], [])
    with pytest.raises(ValueError):
        spread([1, 2, 3], [1, 2])
