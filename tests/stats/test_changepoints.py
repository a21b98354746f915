"""Pettitt's test finds changes of level where they are, and few where there are none."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.stats.changepoints import ALPHA, SHORTEST, SIDE, pettitt, steps, windows

# Annual flow of the Nile at Aswan, 1871 to 1970: it fell in 1899 (G.W. Cobb, The problem of the Nile,
# Biometrika 65, 1978), after 28 values.
NILE = [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799,
    958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916,
    692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698,
    845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801,
    1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170,
    912, 746, 919, 718, 714, 740,
]  # fmt: skip


def gaussian(rng):
    return math.exp(rng.gauss(0, 0.02))


def heavy(rng):
    """Slow outliers as of Student's t with one degree of freedom."""
    return 1 + 0.01 * abs(rng.gauss(0, 1)) / max(abs(rng.gauss(0, 1)), 1e-3)


def bimodal(rng):
    """Three of ten sessions are 30 % slower."""
    return (1.3 if rng.random() < 0.3 else 1.0) * gaussian(rng)


def noisy(seed, levels, noise=gaussian):
    rng = random.Random(seed)
    return [level * noise(rng) for level in levels]


def by_signs(values):
    """U(t) as in Pettitt (1979), equation 2.2: the signs of all pairs across t."""
    n = len(values)
    return {
        t: sum((x > y) - (x < y) for x in values[:t] for y in values[t:])
        for t in range(SIDE, n - SIDE + 1)
    }


# The test itself.


def test_the_nile_fell_in_1899():
    at, p = pettitt(NILE)
    assert at == 28
    assert p < 1e-6


def test_pages_data_has_the_p_of_pettitts_paper():
    """40 values with K = 232: p = 0.0146 (Pettitt 1979, table 1; R's package trend)."""
    values = [22, 23, 24, 25, *range(5, 22), *range(26, 41), 1, 2, 3, 4]
    assert max(map(abs, by_signs(values).values())) == 232
    assert pettitt(values) == (20, pytest.approx(0.01456, abs=5e-6))


@given(st.lists(st.integers(1, 6) | st.floats(0.1, 10), min_size=10, max_size=40))
def test_u_by_mid_ranks_is_u_by_signs_also_with_ties(values):
    """The ranks are those of Verstraeten et al. (2006): O(n log n) for the O(n^2) of the definition."""
    signs = by_signs(values)
    largest = max(map(abs, signs.values()))
    at, p = pettitt(values)
    n = len(values)
    assert abs(signs[at]) == largest
    assert p == min(1, 2 * math.exp(-6 * largest**2 / (n**3 + n**2)))


@given(st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=10, max_size=24))
def test_of_places_as_clear_one_between_unlike_sides_and_neighbours_is_taken_and_then_the_middle(
    values,
):
    def unlike(t):
        sides = abs(median(values[t:]) - median(values[:t]))
        neighbours = abs(values[t] - values[t - 1])
        return neighbours > 0, sides, neighbours, -abs(t - len(values) / 2)

    signs = by_signs(values)
    clearest = [t for t, u in signs.items() if abs(u) == max(map(abs, signs.values()))]
    assert unlike(pettitt(values)[0]) == max(map(unlike, clearest))


def test_no_change_is_between_two_equal_values():
    """From 11 to 20 the test has |U| = 11 * 20 everywhere, and the medians are 1 before and 2 after."""
    values = [1.0] * 11 + [1.2] * 9 + [2.0] * 11
    assert {abs(by_signs(values)[t]) for t in range(11, 21)} == {11 * 20}
    (found,) = steps(values)
    assert (found.at, found.ratio) == (20, pytest.approx(2.0))


def test_in_fewer_than_16_values_no_order_has_p_below_one_percent():
    assert SHORTEST == 16
    assert pettitt([1] * 8 + [2] * 8)[1] < 0.01 <= pettitt([1] * 7 + [2] * 8)[1]


def test_a_change_needs_five_values_on_each_side():
    with pytest.raises(ValueError, match="5 values on each side"):
        pettitt([1.0] * 9)
    assert pettitt([2.0] * 2 + [1.0] * 18)[0] >= 5


# Where it is made.


@pytest.mark.parametrize(
    ("n", "shorter"),
    [
        (21, []),  # over sqrt(2) 15 of them
        (22, [(0, 16), (3, 19), (6, 22)]),
        (32, [(0, 23), (4, 28), (9, 32), (0, 16), (8, 24), (16, 32)]),
    ],
)
def test_windows_shorten_by_the_root_of_2_down_to_16_and_overlap_by_half(n, shorter):
    """2 ceil(sqrt(2)^k) - 1 of the k-th length: three of each of the first two."""
    assert windows(n) == [(0, n), *shorter]


@given(st.integers(0, 600))
def test_windows_are_the_same_from_both_ends_and_hold_enough(n):
    found = windows(n)
    assert sorted((n - end, n - start) for start, end in found) == sorted(found)
    assert len(set(found)) == len(found)
    assert all(start >= 0 and end <= n and end - start >= SHORTEST for start, end in found)
    assert ((0, n) in found) == (n >= SHORTEST)


@given(st.integers(32, 400), st.data())
def test_neighbouring_windows_of_a_length_overlap_so_that_no_place_is_at_an_edge_of_all(n, data):
    """Every place is 4 or more values inside of a window of at most 32."""
    at = data.draw(st.integers(8, n - 8))
    short = [(start, end) for start, end in windows(n) if end - start <= 32]
    assert any(start + 4 <= at <= end - 4 for start, end in short)


# What is found.


@pytest.mark.parametrize("n", [30, 60, 200])
def test_a_step_of_five_percent_in_noise_of_two_is_found_within_two_commits(n):
    found = [steps(noisy(seed, [1.0] * (n // 2) + [1.05] * (n // 2))) for seed in range(100)]
    hits = [one for one in found if len(one) == 1 and abs(one[0].at - n // 2) <= 2]
    assert len(hits) >= 93
    assert sum(one[0].ratio for one in hits) / len(hits) == pytest.approx(1.05, abs=0.005)


@pytest.mark.parametrize("noise", [gaussian, heavy, bimodal])
@pytest.mark.parametrize("n", [20, 60, 150])
def test_white_noise_is_marked_in_few_of_200_series(noise, n):
    """At p = 0.01 two are expected; more than 6 have a probability of 0.4 % (binomial)."""
    assert sum(bool(steps(noisy(seed, [0.01] * n, noise))) for seed in range(200)) <= 6


def test_a_slowdown_that_was_repaired_is_two_steps():
    """In a single test of the whole the two cancel out: K = 900 of 90 values has p = 0.0028, more than
    the limit."""
    found = steps(noisy(1, [1.0] * 30 + [1.05] * 30 + [1.0] * 30))
    assert [step.at for step in found] == [pytest.approx(30, abs=2), pytest.approx(60, abs=2)]
    assert [step.ratio for step in found] == [
        pytest.approx(1.05, abs=0.02), pytest.approx(1 / 1.05, abs=0.02)
    ]  # fmt: skip


def test_a_recent_step_is_seen_at_the_end_of_a_long_history():
    """Over all 400 values p would be 2 exp(-6 (20 * 380)^2 / (400^3 + 400^2)) = 0.009 at best."""
    (step,) = steps(noisy(2, [1.0] * 380 + [1.06] * 20))
    assert abs(step.at - 380) <= 2


def test_a_slow_drift_is_marked_as_steps():
    """A ramp of 20 % is no step anywhere, yet the level is not constant: it is said so in the docs."""
    found = steps(
        noisy(3, [1 + 0.2 * i / 60 for i in range(60)], lambda rng: 1 + rng.gauss(0, 0.002))
    )
    assert 2 <= len(found) <= 5
    assert all(step.ratio > 1.02 for step in found)


def test_a_machine_whose_days_are_alike_is_marked_far_more_often():
    """Correlated by 0.7 from value to value, with a scatter of 4 %: why a step is advice and no gate."""
    marked = 0
    for seed in range(100):
        rng, log, values = random.Random(seed), 0.0, []
        for _ in range(60):
            log = 0.7 * log + rng.gauss(0, 0.04 * math.sqrt(1 - 0.7**2))
            values.append(math.exp(log))
        marked += bool(steps(values))
    assert 25 <= marked <= 65


def test_a_change_of_less_than_two_percent_is_none():
    levels = [1.0] * 50 + [1.015] * 50
    assert steps(noisy(4, levels, lambda rng: 1 + rng.gauss(0, 0.001))) == []
    levels = [1.0] * 50 + [1.025] * 50
    assert len(steps(noisy(4, levels, lambda rng: 1 + rng.gauss(0, 0.001)))) == 1


def test_every_step_is_two_percent_from_neighbour_to_neighbour_with_five_values_on_each_side():
    for seed in range(30):
        rng = random.Random(seed)
        values = noisy(
            seed, [rng.choice((1, 1.02, 1.03, 1.1)) for _ in range(12) for _ in range(10)]
        )
        found = steps(values)
        places = [0, *(step.at for step in found), len(values)]
        assert all(b - a >= 5 for a, b in pairwise(places))
        assert all(abs(math.log(step.ratio)) >= math.log(1.02) for step in found)


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 200, [1.0, 2.0] * 7, [3.0] * 7 + [1.0] * 8])
def test_a_constant_series_and_one_that_is_too_short_have_no_step(values):
    assert steps(values) == []


def test_in_16_values_a_clean_step_in_the_middle_is_found():
    """K = 8 * 8, so that p = 2 exp(-6 * 64^2 / (16^3 + 16^2)) = 0.7 %."""
    (found,) = steps([1.0] * 8 + [2.0] * 8)
    assert (found.at, found.ratio) == (8, pytest.approx(2.0))
    assert found.p == pytest.approx(2 * math.exp(-6 * 64**2 / (16**3 + 16**2)))


def test_a_change_is_also_found_in_a_window_that_begins_where_another_one_is():
    assert (8, 30) in windows(30)
    found = steps([1.0] * 8 + [2.0] * 14 + [3.0] * 8)
    assert [step.at for step in found] == [8, 22]
    assert [step.ratio for step in found] == pytest.approx([2.0, 1.5])


def test_of_two_changes_that_are_as_clear_the_larger_goes_first():
    """9 values beside 20, and 20 beside 9: p = 2 exp(-6 * 180^2 / (29^3 + 29^2)). The window of the
    first, by 10 %, holds the second, by 5 %, and would not be looked at after it; that of the second
    begins between the two."""
    same = 2 * math.exp(-6 * 180**2 / (29**3 + 29**2))
    found = steps([1.0] * 9 + [1.1] * 12 + [1.05] * 20)
    assert [step.at for step in found] == [9, 21]
    assert [step.p for step in found] == pytest.approx([same, same])
    assert {(0, 29), (12, 41)} < set(windows(41))


@pytest.mark.parametrize(
    "levels",
    [
        [(3.0, 9), (1.0, 9), (1.05, 5), (3.0, 8)],
        [(1.05, 11), (1.2, 11), (1.1, 3), (1.05, 10), (1.1, 10)],
    ],
)
def test_changes_that_are_as_clear_and_as_large_are_the_same_from_both_ends(levels):
    """The one nearer to the middle goes first."""
    values = [level for level, n in levels for _ in range(n)]
    assert [len(values) - step.at for step in reversed(steps(values[::-1]))] == [
        step.at for step in steps(values)
    ]


def test_what_is_no_change_between_its_neighbours_goes_and_the_others_stay():
    """At 30 the times triple, and are back at 41: from 30 to the end the median is what it was before."""
    found = steps([1.1] * 10 + [1.05] * 20 + [3.0] * 11 + [1.05] * 12)
    assert [(step.at, step.ratio) for step in found] == [(10, pytest.approx(1.05 / 1.1))]


def test_a_change_as_large_as_the_limit_is_one(monkeypatch):
    """Of logarithms, that of 2 is exactly log(1 + 1)."""
    monkeypatch.setattr("lightbench.stats.changepoints.SIZE", 1.0)
    assert [step.at for step in steps([1.0] * 20 + [2.0] * 20)] == [20]
    assert steps([1.0] * 20 + [1.99] * 20) == []


def test_one_outlier_is_no_step():
    assert steps(noisy(5, [1.0] * 30 + [9.0] + [1.0] * 30)) == []


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError, match="finite and above zero"):
        steps([1.0] * 30 + [value])


@given(st.integers(0, 2**32), st.integers(16, 120))
def test_a_reversed_series_has_its_steps_in_the_same_places_turned_over(seed, n):
    rng = random.Random(seed)
    level = [rng.choice((1, 1.05, 1.2)) for _ in range(1 + n // 15)]
    values = [level[i // 15] * math.exp(rng.gauss(0, 0.01)) for i in range(n)]
    forward, back = steps(values), steps(values[::-1])
    assert [n - step.at for step in reversed(back)] == [step.at for step in forward]
    assert [1 / step.ratio for step in reversed(back)] == pytest.approx([s.ratio for s in forward])
    assert [step.p for step in reversed(back)] == [step.p for step in forward]


@given(st.integers(0, 2**32), st.sampled_from([2.0**-20, 0.25, 1024.0]))
def test_another_unit_changes_nothing(seed, scale):
    values = noisy(seed, [1.0] * 20 + [1.1] * 20)
    found = steps(values)
    assert [step.at for step in found] == [step.at for step in steps([scale * v for v in values])]
    assert found


def test_only_the_order_of_values_decides_on_p():
    values = noisy(6, [1.0] * 20 + [1.1] * 20)
    assert pettitt(values) == pettitt([value**3 for value in values])


def test_a_clock_that_ticks_coarsely_has_ties_and_the_step_is_found():
    values = [round(value, 2) for value in noisy(7, [1.0] * 25 + [1.06] * 25)]
    assert len(set(values)) < 20
    (step,) = steps(values)
    assert abs(step.at - 25) <= 2


def test_the_limit_of_p_is_divided_by_the_number_of_windows():
    """20 values have one window and 60 have twelve; a clean step of 7 values at the end of 20 has
    p = 2 exp(-6 * 91^2 / 8400) = 0.0054."""
    assert len(windows(20)) == 1
    assert len(windows(60)) == 12
    clean = [1.0] * 13 + [2.0] * 7
    assert pettitt(clean)[1] == pytest.approx(0.0054, abs=5e-5)
    assert steps(clean)
    ends = [1.0] * 53 + [2.0] * 7
    assert min(pettitt(ends[a:b])[1] for a, b in windows(60)) > ALPHA / 12
    assert steps(ends) == []
