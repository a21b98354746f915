"""Times of different runs: what was timed in both shows by how much the machine changed."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.records import Latency
from lightbench.records.links import NONE, Drift, Links, drift, undrifted

near = pytest.approx


def latency(median_s, rel=0.01, n=30):
    low, high = (median_s * (1 - rel), median_s * (1 + rel)) if rel is not None else (None, None)
    return Latency(
        median_s=median_s, low_s=low, high_s=high, p90_s=None, p99_s=None, min_s=median_s / 2, n=n
    )


def test_a_machine_that_became_twice_as_slow_is_seen_by_any_anchor():
    found = drift(
        {("a", 1): latency(0.020, 0.0)}, {("a", 1): latency(0.010, 0.0), ("b", 1): latency(1.0)}
    )
    assert (found.log, found.low, found.high) == near((math.log(2),) * 3)


def test_the_bounds_hold_those_of_every_anchor():
    """One took 1.1 times as long, one 1.3 times, each known to +-1 % in both runs."""
    here = {("a", 1): latency(0.010), ("b", 1): latency(0.010), ("c", 1): latency(0.010)}
    there = {("a", 1): latency(0.011), ("b", 1): latency(0.013), ("c", 1): latency(0.012)}
    found = drift(there, here)
    assert found.log == near(math.log(1.2))
    assert found.low == near(math.log(1.1 * 0.99 / 1.01))
    assert found.high == near(math.log(1.3 * 1.01 / 0.99))


def test_of_two_anchors_the_value_is_between_them():
    found = drift(
        {(1, 1): latency(0.010), (2, 1): latency(0.040)},
        {(1, 1): latency(0.010), (2, 1): latency(0.010)},
    )
    assert found.log == near(math.log(2))


@pytest.mark.parametrize("there", [{}, {("b", 1): latency(0.01)}, {("a", 1): latency(0.01, None)}])
def test_without_an_anchor_in_common_nothing_is_known(there):
    assert drift(there, {("a", 1): latency(0.01)}) is None


def test_the_way_back_is_the_opposite():
    here, there = {("a", 1): latency(0.01)}, {("a", 1): latency(0.013, 0.02)}
    on, back = drift(there, here), drift(here, there)
    assert (back.log, back.low, back.high) == near((-on.log, -on.high, -on.low))


def test_runs_are_linked_over_others_and_those_that_are_not_are_not_there():
    runs = {
        "base": {("a", 1): latency(0.010, 0.0)},
        "next": {("a", 1): latency(0.020, 0.0), ("b", 1): latency(0.030, 0.0)},
        "far": {("b", 1): latency(0.090, 0.0)},
        "alone": {("c", 1): latency(0.010)},
    }
    found = Links(runs).drifts("base")
    assert {run: math.exp(of.log) for run, of in found.items()} == near(
        {"base": 1.0, "next": 2.0, "far": 6.0}
    )
    assert found["base"] == NONE


def test_a_drift_does_not_change_once_it_is_known():
    with pytest.raises(dataclasses.FrozenInstanceError):
        NONE.log = 1.0


def test_a_direct_link_goes_before_one_over_others():
    both = {("a", 1): latency(0.010), ("b", 1): latency(0.010)}
    runs = {"base": both, "x": {("a", 1): latency(0.020), ("b", 1): latency(0.020)}, "y": both}
    assert Links(runs).drifts("base")["y"].log == 0.0


def test_what_one_run_has_timed_too_briefly_links_others_all_the_same():
    """`a` has no interval in the base, and one in the two others."""
    runs = {
        "base": {("a", 1): latency(0.010, None), ("b", 1): latency(0.010)},
        "next": {("a", 1): latency(0.020), ("b", 1): latency(0.020)},
        "far": {("a", 1): latency(0.060)},
    }
    found = Links(runs).drifts("base")
    assert math.exp(found["far"].log) == near(6)


def test_a_run_of_which_nothing_is_known_is_linked_with_itself():
    assert Links({"one": {("a", 1): latency(0.010)}}).drifts("other") == {"other": NONE}


def test_of_two_ways_that_are_as_short_the_better_known_counts():
    runs = {
        "base": {("p", 1): latency(0.01), ("q", 1): latency(0.01)},
        "sure": {("p", 1): latency(0.01), ("s", 1): latency(0.01)},
        "vague": {("q", 1): latency(0.01, 0.5), ("v", 1): latency(0.01)},
        "far": {("s", 1): latency(0.02), ("v", 1): latency(0.02)},
    }
    width = 2 * math.log(1.01 / 0.99)
    assert Links(runs).drifts("base")["far"].width == near(2 * width)


def test_a_network_is_no_anchor_of_itself():
    """Or else it would never have changed."""
    runs = {"base": {("a", 1): latency(0.010)}, "next": {("a", 1): latency(0.020)}}
    assert set(Links(runs).drifts("base")) == {"base", "next"}
    assert set(Links(runs).drifts("base", without="a")) == {"base"}


def test_a_thousand_runs_of_one_anchor_are_all_linked():
    runs = {str(i): {("a", 1): latency(0.01 * (1 + i))} for i in range(1000)}
    assert len(Links(runs).drifts("0")) == 1000


def test_what_was_slower_by_the_drift_is_the_same():
    """5 % more time where everything takes 4 to 6 % more."""
    by = Drift(math.log(1.05), math.log(1.04), math.log(1.06))
    found = undrifted(latency(0.0105), by)
    assert found.median_s == near(0.010)
    assert (found.low_s, found.high_s) == near((0.0105 * 0.99 / 1.06, 0.0105 * 1.01 / 1.04))
    assert found.min_s == near(0.005)
    assert found.n == 30


def test_slow_calls_and_the_cpu_drift_as_the_median_does():
    by = Drift(math.log(1.05), math.log(1.04), math.log(1.06))
    more = {"p90_s": 0.021, "p99_s": 0.042, "cpu_median_s": 0.0105}
    found = undrifted(msgspec.structs.replace(latency(0.0105), **more), by)
    assert (found.p90_s, found.p99_s, found.cpu_median_s) == near((0.020, 0.040, 0.010))


def test_without_drift_a_latency_is_the_very_same():
    one = latency(0.010)
    assert undrifted(one, NONE) is one
    assert undrifted(latency(0.01, None), Drift(0.1, 0.0, 0.2)).low_s is None


times = st.floats(1e-6, 1e3)


@given(a=times, b=times, c=times, d=times, rel=st.floats(0, 0.5))
def test_the_true_drift_of_an_anchor_lies_within_the_bounds(a, b, c, d, rel):
    found = drift(
        {(1, 1): latency(b, rel), (2, 1): latency(d, rel)},
        {(1, 1): latency(a, rel), (2, 1): latency(c, rel)},
    )
    for ratio in (math.log(b / a), math.log(d / c)):
        assert found.low - 1e-9 <= ratio <= found.high + 1e-9
    assert found.low <= found.log <= found.high
