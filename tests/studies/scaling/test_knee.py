"""The knee is where throughput over latency is largest, as far as intervals tell."""

from __future__ import annotations

import pytest

from lightbench.studies.scaling.knee import knee, power_ratio
from lightbench.studies.scaling.series import all_series


def found(records):
    (series,) = all_series(records)
    return knee(series)


def sizes(knee):
    return [point.size for point in knee.points]


@pytest.mark.parametrize("fixed", [1, 4, 16])
def test_of_a_fixed_and_a_proportional_part_it_is_where_both_are_equal(scaled, fixed):
    """L = a + b n: power n / L^2 is largest at n = a / b, Hockney's half-performance length."""
    times = {n: 0.001 * (fixed + n) for n in (1, 2, 4, 8, 16, 32, 64)}
    assert found(scaled(times)).known.size == fixed


def test_where_time_is_proportional_the_smallest_batch_is_the_knee(scaled):
    assert found(scaled({n: 0.010 * n for n in (1, 2, 4)})).known.size == 1


def test_where_a_larger_batch_costs_no_time_there_is_none_up_to_the_largest(scaled):
    knee = found(scaled(dict.fromkeys((1, 2, 4), 0.010)))
    assert (sizes(knee), knee.last, knee.known) == ([4], True, None)


def test_a_doubling_pays_beyond_the_root_of_two(scaled):
    """1.5 times the throughput does, 1.33 times does not."""
    assert found(scaled({1: 0.030, 2: 0.040, 4: 1.0})).known.size == 2
    assert found(scaled({1: 0.030, 2: 0.045, 4: 1.0})).known.size == 1


def test_of_threads_it_is_where_efficiency_over_time_is_largest(scaled):
    """Amdahl with a fifth in series: T = 0.2 + 0.8 / p has E / T = 1 / (p T^2) largest at p = 4."""
    times = {p: 0.010 * (0.2 + 0.8 / p) for p in (1, 2, 4, 8, 16)}
    records = [r for n, s in times.items() for r in scaled({n: [s] * 12}, by="threads", run=str(n))]
    assert found(records).known.size == 4


def test_intervals_that_overlap_leave_several(scaled):
    """Twice the batch gives from 1 to 2 times the throughput."""
    doubtful = [0.020] * 6 + [0.010] * 6
    knee = found(scaled({1: [0.010] * 12, 2: doubtful, 4: [0.1] * 12}))
    assert (sizes(knee), knee.known, knee.last) == ([1, 2], None, False)


def test_without_intervals_every_point_may_be_it(scaled):
    knee = found(scaled({1: 0.010, 2: 0.020, 4: 0.040}, rounds=3))
    assert (sizes(knee), knee.known, knee.last) == ([1, 2, 4], None, True)


def test_both_directions_of_a_comparison_are_mirrored(scaled):
    (series,) = all_series(scaled({1: [0.010] * 6 + [0.012] * 6, 2: [0.016] * 12}))
    a, b = series.points
    there, back = power_ratio(a, b), power_ratio(b, a)
    assert there.log == pytest.approx(-back.log)
    assert (there.log_low, there.log_high) == pytest.approx((-back.log_high, -back.log_low))


def test_one_point_and_axes_on_which_the_work_grows_have_none(scaled):
    assert found(scaled({1: 0.010, 2: None})) is None
    wide = scaled({1: 0.020}, model="mobilenet_v2")
    assert found([*scaled({1: 0.010}, model="mobilenet_v2_x0_5"), *wide]) is None


def test_what_was_not_measured_is_not_the_knee(scaled):
    """Out of memory at 4, beyond which it may lie."""
    knee = found(scaled({1: 0.010, 2: 0.010, 4: None}))
    assert (sizes(knee), knee.last) == ([2], True)
