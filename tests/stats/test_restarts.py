"""The ratio over restarts: Student's t from printed tables, coverage and false alarms by simulation."""

import math
import random
from statistics import NormalDist, mean, median

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightbench.stats.ratio import paired_ratio
from lightbench.stats.restarts import restart_ratio, t_quantile

logs = st.lists(st.floats(-10, 10), min_size=1, max_size=8)
confidences = st.sampled_from([0.5, 0.95, 0.99, 0.9999])


def bounds(ratio):
    return ratio.log_low, ratio.log_high


# Student's t.

# Table of percentage points of the t distribution, as printed in Fisher and Yates, Statistical Tables,
# table III, and in the NIST/SEMATECH e-Handbook, section 1.3.6.7.2: degrees, one-sided 0.975 and 0.995.
TABLE = [
    (1, 12.706, 63.657), (2, 4.303, 9.925), (3, 3.182, 5.841), (4, 2.776, 4.604), (5, 2.571, 4.032),
    (6, 2.447, 3.707), (7, 2.365, 3.499), (8, 2.306, 3.355), (9, 2.262, 3.250), (10, 2.228, 3.169),
    (15, 2.131, 2.947), (20, 2.086, 2.845), (30, 2.042, 2.750), (60, 2.000, 2.660), (100, 1.984, 2.626),
]  # fmt: skip


@pytest.mark.parametrize(("degrees", "t95", "t99"), TABLE)
def test_quantiles_are_those_of_the_printed_table(degrees, t95, t99):
    assert round(t_quantile(0.95, degrees), 3) == t95
    assert round(t_quantile(0.99, degrees), 3) == t99


@pytest.mark.parametrize("confidence", [0.001, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-6])
def test_one_degree_is_cauchy_and_two_have_a_closed_form(confidence):
    """P(|T| <= t) is 2/pi atan(t) for one degree, and t / sqrt(2 + t^2) for two."""
    assert t_quantile(confidence, 1) == pytest.approx(math.tan(confidence * math.pi / 2), rel=1e-8)
    two = confidence * math.sqrt(2 / (1 - confidence**2))
    assert t_quantile(confidence, 2) == pytest.approx(two, rel=1e-8)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_many_degrees_are_close_to_normal(confidence):
    """t = z + (z^3 + z) / 4n + O(1 / n^2): Abramowitz and Stegun 26.7.5."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    for degrees in (999, 1000):
        expected = z + (z**3 + z) / (4 * degrees)
        assert t_quantile(confidence, degrees) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("degrees", [3, 4, 7, 10])
def test_the_density_adds_up_to_the_confidence(degrees):
    """Simpson's rule on the density of Student's T, which the code does not use."""
    t = t_quantile(0.99, degrees)
    scale = math.gamma((degrees + 1) / 2) / math.gamma(degrees / 2) / math.sqrt(degrees * math.pi)
    weights = [1, *[4, 2] * 999, 4, 1]
    density = [(1 + (i * t / 2000) ** 2 / degrees) ** (-(degrees + 1) / 2) for i in range(2001)]
    half = math.fsum(w * d for w, d in zip(weights, density, strict=True)) * scale * t / 2000 / 3
    assert 2 * half == pytest.approx(0.99, abs=1e-9)


# The interval over restarts.


def test_the_ratio_is_the_mean_of_the_restarts_with_the_textbook_interval():
    """Four restarts, mean 0.04, standard error s / 2 with s^2 = (4 + 0 + 1 + 9) / 3 * 1e-4, and the
    printed t of 3 degrees."""
    ratio = restart_ratio([0.02, 0.04, 0.03, 0.07], 0.95)
    half = 3.182446 * math.sqrt(14e-4 / 3) / 2
    assert (ratio.log, ratio.n) == (pytest.approx(0.04), 4)
    assert bounds(ratio) == (pytest.approx(0.04 - half), pytest.approx(0.04 + half))


def test_two_restarts_have_the_wide_interval_of_one_degree():
    """s / sqrt(2) is half their difference, and the printed t of 1 degree."""
    ratio = restart_ratio([0.0, 0.1], 0.95)
    half = 12.7062047 * 0.05
    assert bounds(ratio) == (pytest.approx(0.05 - half), pytest.approx(0.05 + half))


def test_one_restart_has_no_interval_whatever_its_own_error():
    assert bounds(restart_ratio([0.3], 0.99)) == (None, None)
    assert bounds(restart_ratio([0.3], 0.99, [0.01])) == (None, None)


@pytest.mark.parametrize("value", [0.0, 0.1, -0.7, 1 / 3])
@pytest.mark.parametrize("rounding", [0.0, 2e-16, 1e-13])
def test_restarts_that_agree_within_rounding_have_no_interval_instead_of_a_narrow_one(
    value, rounding
):
    ratio = restart_ratio([value, value + rounding, value], 0.95)
    assert ratio.log == pytest.approx(value, abs=1e-12)
    assert bounds(ratio) == (None, None)


def test_restarts_that_agree_are_known_as_well_as_their_own_errors_allow():
    """Four independent values known within 2 % each: their mean is known within 1 %."""
    ratio = restart_ratio([0.05] * 4, 0.95, [0.02] * 4)
    assert bounds(ratio) == (pytest.approx(0.04), pytest.approx(0.06))


def test_an_interval_is_known_from_a_billionth_on():
    """Four errors of 2e-9 are one of 1e-9 of their mean."""
    ratio = restart_ratio([0.0] * 4, 0.95, [2e-9] * 4)
    assert bounds(ratio) == (-1e-9, 1e-9)
    assert bounds(restart_ratio([0.0] * 4, 0.95, [1.99e-9] * 4)) == (None, None)


def test_errors_are_a_floor_and_never_narrow_an_interval():
    values = [0.02, 0.04, 0.03, 0.07]
    assert restart_ratio(values, 0.95, [1e-6] * 4) == restart_ratio(values, 0.95)
    wide = restart_ratio(values, 0.95, [0.4] * 4)
    assert wide.log_high - wide.log == pytest.approx(0.2)


@given(logs, confidences, st.booleans())
def test_swapping_the_sides_mirrors_to_the_last_bit(values, confidence, floored):
    errors = [abs(v) / 7 for v in values] if floored else []
    ratio = restart_ratio(values, confidence, errors)
    other = restart_ratio([-v for v in values], confidence, errors)
    assert other.log == -ratio.log
    if ratio.log_low is None:
        assert bounds(other) == (None, None)
    else:
        assert bounds(other) == (-ratio.log_high, -ratio.log_low)
        assert ratio.log_low < ratio.log < ratio.log_high


@given(logs)
@example([0.1, 0.2, 0.3])  # 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ in the last bit
def test_the_order_of_restarts_does_not_matter_to_the_last_bit(values):
    assert restart_ratio(values[::-1], 0.95).log == restart_ratio(values, 0.95).log


@given(logs)
def test_the_mean_lies_among_the_restarts(values):
    assert min(values) <= restart_ratio(values, 0.95).log <= max(values)


@pytest.mark.parametrize(
    ("values", "confidence", "errors"),
    [
        ([], 0.95, []),
        ([0.1, math.nan], 0.95, []),
        ([0.1, math.inf], 0.95, []),
        ([0.1, 0.2], 0.95, [0.1]),
        ([0.1, 0.2], 0.95, [0.1, -0.1]),
        ([0.1, 0.2], 0.95, [0.1, math.nan]),
        ([0.1, 0.2], 0.95, [0.1, math.inf]),
        ([0.1, 0.2], 0, []),
        ([0.1, 0.2], 1, []),
        ([0.1, 0.2], math.nan, []),
        ([0.1], 2, []),
    ],
)
def test_what_is_no_measurement_is_refused(values, confidence, errors):
    with pytest.raises(ValueError, match="restarts need|must be finite|between 0 and 1"):
        restart_ratio(values, confidence, errors)


# What it is worth, by simulation: the seed is fixed, the limits are those of the binomial.


def test_a_95_percent_interval_of_five_restarts_covers_the_truth_95_times_in_100():
    rng = random.Random(1)
    runs = [restart_ratio([rng.gauss(0.3, 2) for _ in range(5)], 0.95) for _ in range(10_000)]
    covered = mean(r.log_low <= 0.3 <= r.log_high for r in runs)
    assert covered == pytest.approx(0.95, abs=0.015)  # 7 standard errors


def test_iterations_taken_as_independent_cry_wolf_where_restarts_differ():
    """Two equal sides, restarts that differ by 0.3 % and iterations by 3 %: 99 % intervals over the
    restarts are wrong in 1 % of runs, those over all iterations several times as often."""
    rng = random.Random(2)
    runs, alone, pooled = 400, 0, 0
    for _ in range(runs):
        restarts = []
        for _ in range(5):
            bias = rng.gauss(0, 0.003)
            restarts.append([rng.gauss(bias, 0.03) for _ in range(150)])
        each = list(map(median, restarts))
        over = restart_ratio(each, 0.99)
        alone += not over.log_low <= 0 <= over.log_high
        b = [math.exp(log) for restart in restarts for log in restart]
        together = paired_ratio([1.0] * len(b), b, 0.99)
        pooled += not together.log_low <= 0 <= together.log_high
    assert alone / runs <= 0.025  # 3 standard errors above 1 %
    assert pooled / runs >= 0.03


def test_a_difference_that_is_there_is_found_over_restarts():
    """4 % slower, restarts that differ by 0.5 %: five of them exclude 2 % with 99 % confidence, as
    4.604 * 0.5 % / sqrt(5) is 1 %."""
    rng = random.Random(3)
    runs = [[rng.gauss(0.04, 0.005) for _ in range(5)] for _ in range(500)]
    assert mean(restart_ratio(run, 0.99).log_low > 0.02 for run in runs) > 0.9
