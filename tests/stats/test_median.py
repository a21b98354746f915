"""Medians, their exact intervals and paired ratios: checked by whole-number binomial arithmetic."""

import math
import statistics
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.records import Samples
from lightbench.stats.median import (
    ENOUGH,
    by_round,
    half_width,
    median,
    median_interval,
    median_rank,
    quantile,
)
from lightbench.stats.ratio import paired_ratio
from lightbench.timing.summary import summarize

times = st.floats(min_value=1e-9, max_value=1e3)


def coverage(n, k):
    """P(k <= B <= n - k) for B ~ binomial(n, 1/2), exactly."""
    return Fraction(sum(math.comb(n, i) for i in range(k, n - k + 1)), 2**n)


def samples(wall, cpu=()):
    return Samples(
        wall_s=tuple(wall), cpu_s=tuple(cpu), first_call_s=1.0, warmup_calls=3, stop="converged"
    )


@pytest.mark.parametrize(
    ("n", "confidence", "k"),
    # Conover, Practical Nonparametric Statistics, and Nair (1940): the published sign-test ranks
    [(6, 0.95, 1), (8, 0.95, 1), (9, 0.95, 2), (10, 0.95, 2), (12, 0.95, 3), (15, 0.95, 4),
     (20, 0.95, 6), (25, 0.95, 8), (50, 0.95, 18), (100, 0.95, 40), (10, 0.99, 1), (20, 0.99, 4)],
)  # fmt: skip
def test_ranks_are_the_published_ones(n, confidence, k):
    assert median_rank(n, confidence) == k


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.9999])
def test_rank_is_the_largest_that_covers_by_whole_number_arithmetic(confidence):
    for n in [*range(120), 501, 1000]:
        k = median_rank(n, confidence) or 0
        assert k == 0 or coverage(n, k) >= Fraction(confidence)
        assert k == n // 2 or coverage(n, k + 1) < Fraction(confidence)


def test_rank_is_exact_for_many_samples_too():
    n = 8_000
    k = median_rank(n)
    tail = Fraction(1, 2**n) * sum(math.comb(n, i) for i in range(k - 400, k))  # below: < 1e-9
    tail_of_next = tail + Fraction(math.comb(n, k), 2**n)
    assert 2 * tail <= Fraction(5, 100) < 2 * tail_of_next


def test_rank_of_many_samples_is_the_normal_approximation():
    assert median_rank(100_000) == pytest.approx(50_000 - 1.96 * math.sqrt(100_000) / 2, abs=1)


def test_the_closest_confidence_to_1_has_a_rank_from_54_values_on_or_none_however_sums_are_rounded():
    """2 / 2^n is no more than 2^-53 then; the sum up to all may be rounded to less than 1."""
    ranks = [median_rank(n, math.nextafter(1, 0)) for n in range(100)]
    assert ranks[:54] == [None] * 54
    assert all(rank is None or rank >= 1 for rank in ranks)
    assert ranks[60] == 2


def test_interval_encloses_the_median_as_often_as_promised():
    """All 1024 ways in which ten values fall below (-) or above (+) a true median of 0: missed when
    at most one falls on one side, 2 * (1 + 10) ways."""
    covered = 0
    for signs in product((-1, 1), repeat=10):
        low, high = median_interval([sign * (i + 1) for i, sign in enumerate(signs)])
        covered += low <= 0 <= high
    assert covered == 1024 - 2 * (1 + 10)


def test_bounds_are_values_that_were_measured():
    assert median_interval([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) == (2, 9)


def test_interval_needs_six_values():
    assert median_interval([1, 2, 3, 4, 5]) is None
    assert median_interval([1, 2, 3, 4, 5, 6]) == (1, 6)
    assert median_interval(range(ENOUGH)) and not median_interval(range(ENOUGH - 1))


def test_more_confidence_needs_more_values():
    assert median_interval(range(7), 0.99) is None
    assert median_interval(range(8), 0.99) == (0, 7)


def test_ties_are_no_trouble():
    assert median_interval([2.0] * 50) == (2.0, 2.0)
    assert half_width([0.1] * 50) == 0.0


@pytest.mark.parametrize("confidence", [0, 1, -1, 95, math.nan])
def test_a_confidence_outside_its_range_is_refused(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        median_interval([1, 2, 3], confidence)


@given(st.lists(times, min_size=1))
def test_median_agrees_with_the_standard_library(xs):
    assert median(xs) == statistics.median(xs)


@given(st.lists(times, min_size=2), st.integers(1, 9))
def test_quantile_agrees_with_the_standard_library(xs, tenth):
    expected = statistics.quantiles(xs, n=10, method="inclusive")[tenth - 1]
    assert quantile(xs, tenth / 10) == pytest.approx(expected, rel=1e-9)


def test_quantile_ends_are_the_extremes():
    assert quantile([3, 1, 2], 0) == 1
    assert quantile([3, 1, 2], 1) == 3


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(q):
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile([1.0], q)


@pytest.mark.parametrize("xs", [[], [math.nan, 1.0], [1.0, math.inf], [2.0, math.nan, 1.0]])
@pytest.mark.parametrize("statistic", [median, median_interval, half_width])
def test_nothing_and_nonsense_have_no_statistic(statistic, xs):
    with pytest.raises(ValueError, match="value"):
        statistic(xs)


def test_half_width_is_that_of_the_latency():
    wall = [1.0 + i / 100 for i in range(20)]  # ranks 6 and 15: 1.05 and 1.14, median 1.095
    assert half_width(wall) == pytest.approx(0.045 / 1.095)
    assert half_width(wall) == summarize(samples(wall)).rel
    assert half_width(wall[:5]) is None


def test_a_round_has_the_median_time_of_its_samples():
    times_s = [0.3, 0.1, 0.2, 3.0, 1.0, 2.0, 5.0, 7.0]
    assert by_round(times_s, 1) == times_s
    assert by_round(times_s, 2) == pytest.approx([0.2, 1.6, 1.5, 6.0])
    assert by_round(times_s, 3) == [0.2, 2.0, 6.0]  # the last round is shorter


# paired_ratio


def test_paired_ratio_is_the_median_of_the_pairs_ratios():
    a = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    b = [time * factor for time, factor in zip(a, [1, 2, 3, 4, 5, 6, 7], strict=True)]
    ratio = paired_ratio(a, b)
    assert ratio.ratio == pytest.approx(4)
    assert (ratio.low, ratio.high) == (pytest.approx(1), pytest.approx(7))
    assert ratio.n == 7


def test_what_disturbs_both_sides_of_a_round_divides_out():
    disturbed = [1.0, 1.7, 0.9, 3.0, 1.2, 2.2, 1.1, 5.0]
    ratio = paired_ratio(disturbed, [1.04 * time for time in disturbed])
    assert ratio.ratio == ratio.low == ratio.high == pytest.approx(1.04)


def test_identical_sides_are_exactly_one():
    ratio = paired_ratio([0.1] * 9, [0.1] * 9)
    assert ratio.low == ratio.ratio == ratio.high == 1.0


pairs = st.lists(st.tuples(times, times), min_size=1, max_size=60)


@given(pairs, st.sampled_from([0.5, 0.95, 0.99]))
def test_swapped_sides_are_the_exact_mirror(rounds, confidence):
    a, b = zip(*rounds, strict=True)
    there, back = paired_ratio(a, b, confidence), paired_ratio(b, a, confidence)
    assert back.log == -there.log
    assert there.n == back.n == len(rounds)
    assert max(there.ratio, back.ratio) >= 1
    assert min(there.ratio, back.ratio) == 1 / max(there.ratio, back.ratio)
    if there.log_low is None:
        assert back.low is back.high is there.low is there.high is None
    else:
        assert (back.log_low, back.log_high) == (-there.log_high, -there.log_low)
        assert there.low <= there.ratio <= there.high
        assert min(there.low, back.high) == 1 / max(there.low, back.high)


@given(pairs, st.integers(-20, 20))
def test_the_unit_of_time_does_not_matter(rounds, power):
    a, b = zip(*rounds, strict=True)
    scaled = paired_ratio([x * 2.0**power for x in a], [y * 2.0**power for y in b])
    assert scaled.log == pytest.approx(paired_ratio(a, b).log, abs=1e-13)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_times_that_cannot_be_are_refused(bad):
    for sides in (([1.0, bad], [1.0, 1.0]), ([1.0, 1.0], [bad, 1.0])):
        with pytest.raises(ValueError, match="finite and above zero"):
            paired_ratio(*sides)


def test_pairs_need_two_sides():
    with pytest.raises(ValueError, match="same length"):
        paired_ratio([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least one"):
        paired_ratio([], [])


def test_one_pair_has_a_ratio_and_no_interval():
    ratio = paired_ratio([1.0], [2.0])
    assert ratio.ratio == pytest.approx(2)
    assert ratio.low is ratio.high is None


def test_samples_that_are_not_whole_rounds_cannot_be_built():
    with pytest.raises(ValueError, match="whole rounds"):
        Samples(
            wall_s=(1.0, 1.0),
            samples_per_round=3,
            first_call_s=1.0,
            warmup_calls=1,
            stop="converged",
        )
