"""Records of one sweep beside their reference: ratios round by round, by hand."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.stats.ratio import Ratio
from lightbench.studies.sweep import relative
from lightbench.studies.sweep.relative import known, relatives, shifted, slower, sweeps


def by_row(records):
    return {point.point.point: point for point in relatives(records)}


def interval(half, log=0.0, n=12):
    return Ratio(log, log - half, log + half, n)


# Order.


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (("g=16", "g=1", "g=2"), ("g=1", "g=2", "g=16")),
        (("1:12", "1:1", "1:6"), ("1:1", "1:6", "1:12")),
        (("56x56", "7x7", "112x112"), ("7x7", "56x56", "112x112")),
        (("silu", "relu", "gelu"), ("silu", "relu", "gelu")),
        (("relu6", "relu", "loop of 8"), ("relu6", "relu", "loop of 8")),  # not in numbers alone
    ],
)
def test_points_stand_in_the_order_of_their_numbers_however_they_were_stored(
    stored, read, sweep_records
):
    points = relatives(sweep_records(dict.fromkeys(stored, 0.010)))
    assert tuple(point.point.point for point in points) == read
    (reference,) = (point for point in points if point.point.reference)
    assert reference.point.point == stored[0]


# Ratios.


def test_a_common_drift_divides_out_and_the_ratio_is_exact(sweep_records):
    """Every round is another speed of the machine, from 0.7 to 2 times; 1:9 always takes 1.5 times."""
    point = by_row(sweep_records({"1:1": 0.010, "1:9": 0.015}))["1:9"]
    assert point.time.ratio == pytest.approx(1.5, rel=1e-12)
    assert point.time.low == pytest.approx(1.5, rel=1e-12)
    assert point.time.high == pytest.approx(1.5, rel=1e-12)
    assert point.speed == pytest.approx(1 / 1.5, rel=1e-12)
    assert point.time.n == 12
    assert point.known


def test_the_reference_is_exactly_one_to_the_last_bit(sweep_records):
    reference = by_row(sweep_records({"1:1": [0.1, 0.3, 0.7] * 4, "1:9": 0.2}))["1:1"]
    assert reference.time == Ratio(0.0, 0.0, 0.0, 12)
    assert reference.speed == reference.per_madd.ratio == reference.compared.ratio == 1.0
    assert reference.madds == reference.mem_access == reference.mem_bytes == 1.0
    assert reference.known


def test_the_reference_is_known_however_few_its_rounds(sweep_records):
    reference = by_row(sweep_records({"1:1": 0.010, "1:9": 0.020}, rounds=2))["1:1"]
    assert reference.time == Ratio(0.0, 0.0, 0.0, 2)
    assert reference.known


def test_the_ratio_is_the_median_over_rounds_with_its_order_statistics(sweep_records):
    """Of 12 rounds the interval is the 3rd to the 10th: P(3 <= B <= 9) of binomial(12, 1/2) = 96.1 %."""
    slower = [1.0 + i / 100 for i in (7, 3, 11, 1, 5, 9, 2, 12, 4, 8, 6, 10)]
    drift = [1.0, 2.0, 0.5, 4.0] * 3
    point = by_row(
        sweep_records({"a": drift, "b": [s * d for s, d in zip(slower, drift, strict=True)]})
    )["b"]
    assert point.time.ratio == pytest.approx(math.sqrt(1.06 * 1.07), rel=1e-12)
    assert point.time.low == pytest.approx(1.03, rel=1e-12)
    assert point.time.high == pytest.approx(1.10, rel=1e-12)


def test_rounds_are_paired_not_sorted(sweep_records):
    """Both have the same times, in another order: half the rounds 2, half 1/2, so the median is 1."""
    a, b = [1.0, 2.0] * 6, [2.0, 1.0] * 6
    point = by_row(sweep_records({"a": a, "b": b}))["b"]
    assert point.time.ratio == 1.0
    assert (point.time.low, point.time.high) == (0.5, 2.0)
    assert not point.known


@given(st.lists(st.tuples(st.floats(1e-6, 10), st.floats(1e-6, 10)), min_size=1, max_size=20))
def test_swapping_the_reference_mirrors_the_ratio(sweep_records, pairs):
    times = {"a": [x for x, _ in pairs], "b": [y for _, y in pairs]}
    madds = {"a": 3_000_000, "b": 7_000_000}
    there = by_row(sweep_records(times, reference="a", madds=madds))["b"]
    back = by_row(sweep_records(times, reference="b", madds=madds))["a"]
    assert back.time.log == -there.time.log
    assert back.time.n == there.time.n == len(pairs)
    if len(pairs) < 6:
        assert there.time.log_low is there.time.log_high is back.time.log_low is None
        assert not there.known
    else:
        assert back.time.log_low == -there.time.log_high
        assert back.time.log_high == -there.time.log_low
    assert back.per_madd.log == pytest.approx(-there.per_madd.log, abs=1e-12)
    assert back.known == there.known


@pytest.mark.parametrize("rounds", [1, 5])
def test_too_few_rounds_give_a_ratio_without_an_interval(rounds, sweep_records):
    point = by_row(sweep_records({"a": 0.010, "b": 0.020}, rounds=rounds))["b"]
    assert point.time.ratio == pytest.approx(2.0)
    assert point.time.low is point.time.high is None
    assert not point.known


def test_of_unequal_numbers_of_rounds_those_that_both_have_are_compared(sweep_records):
    """A run whose last rounds only one of the two has: they say nothing about the ratio."""
    point = by_row(sweep_records({"a": [1.0] * 8, "b": [2.0] * 8 + [100.0] * 9}))["b"]
    assert (point.time.ratio, point.time.n) == (pytest.approx(2.0), 8)
    other = by_row(sweep_records({"a": [1.0] * 8 + [100.0] * 9, "b": [2.0] * 8}))["b"]
    assert other.time == point.time


def test_samples_of_one_round_are_one_value(sweep_records):
    """3 samples a round: medians 2, 4, 2, 4, ...; the reference has one sample a round."""
    records = sweep_records({"a": [1.0] * 8, "b": [1.0] * 8})
    visits = [2.0, 1.0, 9.0, 4.0, 5.0, 3.0] * 4
    samples = msgspec.structs.replace(records[1].samples, wall_s=tuple(visits), samples_per_round=3)
    records[1] = msgspec.structs.replace(records[1], samples=samples)
    point = by_row(records)["b"]
    assert point.time.n == 8
    assert point.time.ratio == pytest.approx(math.sqrt(2 * 4))
    assert (point.time.low, point.time.high) == (pytest.approx(2.0), pytest.approx(4.0))


# Per multiply-add, and what the points cost.


def test_per_multiply_add_the_ratio_and_its_bounds_are_divided_by_the_exact_ratio_of_madds(
    sweep_records,
):
    records = sweep_records({"a": 0.010, "b": 0.012}, madds={"a": 1_000_000, "b": 800_000})
    point = by_row(records)["b"]
    assert point.madds == 0.8
    assert point.time.ratio == pytest.approx(1.2)
    assert point.per_madd.ratio == pytest.approx(1.5, rel=1e-12)
    assert point.per_madd.log == point.time.log - math.log(0.8)
    assert point.per_madd.log_low == point.time.log_low - math.log(0.8)
    assert point.per_madd.log_high == point.time.log_high - math.log(0.8)
    assert point.per_madd.n == point.time.n


@pytest.mark.parametrize(("per_madd", "ratio"), [(False, 1.2), (True, 0.3)])
def test_what_counts_is_time_or_time_per_madd_as_the_sweep_says(per_madd, ratio, sweep_records):
    records = sweep_records(
        {"a": 0.010, "b": 0.012}, madds={"a": 1_000_000, "b": 4_000_000}, per_madd=per_madd
    )
    assert by_row(records)["b"].compared.ratio == pytest.approx(ratio)


def test_where_no_multiply_adds_are_known_the_time_itself_counts(sweep_records):
    without = by_row(sweep_records({"a": 0.010, "b": 0.012}, costs=False, per_madd=True))["b"]
    assert without.madds is without.mem_access is without.mem_bytes is without.rate is None
    assert without.compared == without.time
    none = by_row(sweep_records({"a": 0.010, "b": 0.012}, madds={"a": 0, "b": 0}))["b"]
    assert none.madds is None
    assert none.rate is None
    assert none.per_madd == none.time


def test_a_point_without_multiply_adds_beside_a_reference_with_some(sweep_records):
    """Its time per multiply-add is no number: nothing may claim one, nor fall over."""
    point = by_row(sweep_records({"a": 0.010, "b": 0.012}, madds={"b": 0}))["b"]
    assert point.per_madd.ratio == pytest.approx(1.2)
    assert point.rate is None


def test_costs_are_relative_to_the_references(sweep_records):
    records = sweep_records(
        {"a": 0.010, "b": 0.010}, mem_access={"a": 400, "b": 1000}, mem_bytes={"a": 8000, "b": 2000}
    )
    point = by_row(records)["b"]
    assert (point.mem_access, point.mem_bytes) == (2.5, 0.25)


def test_the_attained_rate_is_multiply_adds_over_the_median_time(sweep_records):
    point = by_row(sweep_records({"a": [0.5, 0.25, 0.125]}, madds={"a": 1_000_000}))["a"]
    assert point.rate == 4_000_000


def test_a_shift_moves_unknown_bounds_nowhere():
    assert shifted(Ratio(0.5, None, None, 3), 2.0) == Ratio(0.5 - math.log(2.0), None, None, 3)


# What is left out.


def test_a_point_that_failed_is_left_out_and_the_others_stay(sweep_records):
    assert list(by_row(sweep_records({"a": 0.010, "b": None, "c": 0.020}))) == ["a", "c"]


@pytest.mark.parametrize("case", ["failed", "missing", "two", "a launch probe", "of no sweep"])
def test_without_one_reference_nothing_is_compared(case, sweep_records, make_record):
    records = {
        "failed": sweep_records({"a": None, "b": 0.010}),
        "missing": sweep_records({"a": 0.010, "b": 0.010}, reference="gone"),
        "two": sweep_records({"a": 0.010}) + sweep_records({"b": 0.010}),
        "a launch probe": sweep_records({"b": 0.010}, reference="a", launch={"a": 0.001}),
        "of no sweep": [make_record("a")],
    }[case]
    assert relatives(records) == []


def test_no_records_are_no_points():
    assert relatives([]) == []
    assert sweeps([]) == []


def test_records_are_grouped_by_run_in_the_order_in_which_they_stand(sweep_records, make_record):
    a = sweep_records({"a": 0.010, "b": 0.010}, run="one")
    b = sweep_records({"a": 0.010, "b": 0.010}, run="two")
    mixed = [b[0], make_record("other"), a[0], b[1], a[1]]
    assert sweeps(mixed) == [b, a]


# Launch.


def test_the_launch_share_is_the_time_of_one_pixel_over_the_time_of_the_map(sweep_records):
    records = sweep_records({"a": 0.010, "b": 0.020}, launch={"a": 0.004, "b": 0.001})
    points = by_row(records)
    assert points["a"].launch_share == pytest.approx(0.4)
    assert points["b"].launch_share == pytest.approx(0.05)
    assert len(relatives(records)) == 2  # the probes are no points


def test_a_launch_share_is_at_most_one(sweep_records):
    """The probe ran in worse seconds than the map did."""
    assert by_row(sweep_records({"a": 0.010}, launch={"a": 0.011}))["a"].launch_share == 1.0


@pytest.mark.parametrize("launch", [None, {"a": None, "b": 0.001}])
def test_without_a_probe_the_launch_share_is_unknown(launch, sweep_records):
    assert by_row(sweep_records({"a": 0.010, "b": 0.010}, launch=launch))["a"].launch_share is None


# Known to +-3 %.


def test_a_ratio_is_known_up_to_an_interval_of_three_percent_and_no_wider():
    assert known(interval(math.log1p(0.03)))
    assert known(interval(math.log(1.0299)))
    assert not known(interval(math.nextafter(math.log1p(0.03), 1)))
    assert not known(interval(math.log(1.0301)))
    assert not known(Ratio(0.0, None, None, 5))
    assert not known(Ratio(0.0, None, 0.01, 5))


def test_an_interval_is_judged_by_its_width_not_by_where_the_median_lies_in_it():
    assert known(Ratio(0.0, 0.0, 2 * math.log(1.029), 12))
    assert not known(Ratio(0.0, 0.0, 2 * math.log(1.031), 12))


# Where a sweep turns.


@pytest.mark.parametrize(
    ("times", "turn"),
    [
        ({"g=1": 1.0, "g=2": 1.1, "g=4": 1.2}, "g=2"),
        ({"g=1": 1.0, "g=2": 0.9, "g=4": 1.2}, "g=4"),
        ({"g=1": 1.0, "g=2": 0.9, "g=4": 1.0}, None),
        ({"g=1": 1.0}, None),
    ],
)
def test_the_crossover_is_the_first_point_that_is_slower(times, turn, sweep_records):
    found = relative.crossover(relatives(sweep_records(times)))
    assert (found and found.point.point) == turn


def test_a_point_whose_interval_reaches_the_reference_is_not_slower(sweep_records):
    """12 rounds, the interval is the 3rd to the 10th: three rounds at 1 are enough to doubt it."""
    doubtful = [1.0] * 3 + [1.5] * 9
    clear = [1.0] * 2 + [1.5] * 10
    points = by_row(sweep_records({"a": [1.0] * 12, "doubtful": doubtful, "clear": clear}))
    assert not slower(points["doubtful"])
    assert slower(points["clear"])
    assert not slower(points["a"])


def test_a_record_that_stands_in_a_file_twice_counts_once(sweep_records):
    records = sweep_records({"a": 1.0, "b": 2.0}, launch={"b": 0.5})
    assert sweeps([*records, *records]) == [records]
    assert len(relatives(sweeps(records * 2)[0])) == 2
