"""What is a series, and how efficient its points are: numbers by hand."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.studies.scaling.series import all_series, throughput_ratio


def efficiencies(series):
    return [p.efficiency and p.efficiency.ratio for p in series.points]


def test_efficiency_of_a_batch_is_its_throughput_over_the_first(scaled):
    """1 / 10 ms, 2 / 16 ms, 4 / 40 ms."""
    (series,) = all_series(scaled({1: 0.010, 2: 0.016, 4: 0.040}))
    assert series.axis == "batch"
    assert efficiencies(series) == pytest.approx([1.0, 1.25, 1.0])


def test_efficiency_of_threads_is_the_speed_up_over_how_many_times_the_threads(scaled):
    times = {1: 0.010, 2: 0.008, 4: 0.004}
    records = [r for n, s in times.items() for r in scaled({n: s}, by="threads", run=f"{n}")]
    (series,) = all_series(records)
    assert series.axis == "threads"
    assert [p.speed.ratio for p in series.points] == pytest.approx([1.0, 1.25, 2.5])
    assert efficiencies(series) == pytest.approx([1.0, 0.625, 0.625])


def test_threads_may_begin_above_one(scaled):
    records = [*scaled({2: 0.010}, by="threads"), *scaled({8: 0.005}, by="threads", run="b")]
    (series,) = all_series(records)
    assert efficiencies(series) == pytest.approx([1.0, 0.5])


def test_efficiency_of_a_resolution_is_its_rate_of_multiply_adds(scaled):
    """Four times the work in twice the time."""
    small = scaled({1: 0.010}, shape=(3, 112, 112), madds=1000)
    large = scaled({1: 0.020}, shape=(3, 224, 224), madds=4000)
    (series,) = all_series([*large, *small])
    assert series.axis == "resolution"
    assert [p.size for p in series.points] == [112, 224]
    assert efficiencies(series) == pytest.approx([1.0, 2.0])


def test_efficiency_of_a_width_is_too(scaled):
    narrow = scaled({1: 0.010}, model="mobilenet_v2_x0_5", madds=1000)
    wide = scaled({1: 0.020}, model="mobilenet_v2", madds=3000)
    (series,) = all_series([*wide, *narrow])
    assert (series.axis, [p.size for p in series.points]) == ("width", [0.5, 1.0])
    assert efficiencies(series) == pytest.approx([1.0, 1.5])


def test_of_one_round_the_machines_drift_divides_out(scaled):
    (series,) = all_series(scaled({1: 0.010, 2: 0.016}))
    ratio = series.points[1].efficiency
    assert (ratio.low, ratio.high) == (pytest.approx(1.25), pytest.approx(1.25))


def test_between_runs_the_bounds_are_those_of_both_medians(make_record):
    """Each median is known to 2 %: 10 ms and 20 ms at batches of 1 and 2."""
    a = make_record(latency_s=0.010, run="a")
    b = make_record(latency_s=0.020, batch=2, run="b")
    ratio = throughput_ratio(a, b)
    assert ratio.ratio == pytest.approx(1.0)
    assert ratio.low == pytest.approx(0.98 / 1.02)
    assert ratio.high == pytest.approx(1.02 / 0.98)


def test_networks_engines_and_precisions_are_series_of_their_own(scaled):
    times = {1: 0.010, 2: 0.016}
    records = [
        *scaled(times), *scaled(times, engine="onnxruntime"), *scaled(times, dtype="bfloat16"),
        *scaled(times, model="resnet50"),
    ]  # fmt: skip
    assert [len(series.points) for series in all_series(records)] == [2, 2, 2, 2]


def test_points_without_a_time_stay_and_the_first_with_one_is_the_measure(scaled):
    (series,) = all_series(scaled({1: None, 2: 0.010, 4: 0.016, 8: None}))
    assert efficiencies(series) == [None, 1.0, pytest.approx(1.25), None]
    assert [p.size for p in series.timed] == [2, 4]


def test_a_time_that_cannot_be_is_in_no_ratio(scaled):
    records = scaled({1: 0.010, 2: 0.016})
    records[1] = msgspec.structs.replace(records[1], warnings=("suspect: it is too fast",))
    (series,) = all_series(records)
    assert efficiencies(series) == [1.0, None]


def test_of_one_case_the_last_record_counts_and_anchors_do_not(scaled, make_record):
    records = [*scaled({1: 0.5, 2: 0.5}), *scaled({1: 0.010, 2: 0.016})]
    anchors = [make_record("convnet", batch=b, anchor=True) for b in (1, 2)]
    (series,) = all_series([*anchors, *records])
    assert efficiencies(series) == pytest.approx([1.0, 1.25])


def test_records_in_which_nothing_grows_are_no_series(make_record):
    assert all_series([]) == []
    assert all_series([make_record("a"), make_record("b")]) == []
    assert [len(s.points) for s in all_series([make_record("a")], "batch")] == [1]
