"""Intervals, times of parts and opinions: what cannot be true cannot be built."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.records.findings import Opinion, PartTime
from lightbench.stats.interval import Interval
from lightbench.stats.median import interval_of


@pytest.mark.parametrize(
    "values",
    [
        (float("nan"),),
        (1.0, 0.5, float("inf")),
        (1.0, 0.5),
        (1.0, None, 1.5),
        (1.0, 1.1, 1.2),
        (1.0, 0.8, 0.9),
    ],
    ids=["NaN", "inf", "no upper bound", "no lower bound", "below", "above"],
)
def test_an_interval_is_finite_and_has_both_bounds_around_its_median_or_none(values):
    with pytest.raises(ValueError, match="an interval"):
        Interval(*values)


def test_bounds_may_be_the_median_and_a_saving_may_be_negative():
    assert Interval(2.0, 2.0, 2.0).rel == 0
    assert Interval(-1.0, -2.0, 0.0).median == -1
    assert Interval(0.0, -1.0, 1.0).rel is None  # a fraction of nothing


def test_an_interval_of_values_is_the_median_between_order_statistics():
    """Of 7 values the extremes bound the median with 1 - 2/2^7 = 98.4 %, the next ones with 87.5 %;
    of 9 the second ones do with 1 - 2 (1 + 9)/2^9 = 96.1 %."""
    assert interval_of([3, 1, 7, 4, 2, 6, 5]) == Interval(4, 1, 7)
    assert interval_of(iter(range(9))) == Interval(4, 1, 7)


def test_fewer_than_6_values_have_no_bounds_and_none_are_refused():
    assert interval_of([1, 2, 3, 4, 5]) == Interval(3, None, None)
    assert interval_of([1, 2, 3, 4, 5, 6]) == Interval(3.5, 1, 6)
    with pytest.raises(ValueError, match="at least one value"):
        interval_of([])


def test_a_time_is_not_negative():
    one = Interval(1.0)
    assert PartTime(name="relu", time_s=Interval(0.0), share=one).time_s.median == 0
    with pytest.raises(ValueError, match="not negative"):
        PartTime(name="relu", time_s=Interval(-1e-9), share=one)


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [(1000, "agrees"), (2234, "differs by +1,234"), (0, "differs by -1,000"), (None, "not there")],
)
def test_an_opinion_says_whether_it_agrees(theirs, verdict):
    opinion = Opinion(tool="thop", ours=1000, theirs=theirs, problem="not there")
    assert opinion.verdict == verdict


@pytest.mark.parametrize("time_s", [5e-324, 1e-13, 1e10, 1e308])
def test_a_time_that_no_call_takes_is_refused(make_record, time_s):
    """Arithmetic with it would end in infinity somewhere."""
    with pytest.raises(ValueError, match="as a call may take"):
        make_record(latency_s=time_s)


@pytest.mark.parametrize("count", [-1, 2**63, 10**400])
def test_a_count_that_nothing_has_is_refused(make_record, count):
    with pytest.raises(ValueError, match="is a count of at most"):
        msgspec.structs.replace(make_record(), peak_memory_bytes=count)
    with pytest.raises(ValueError, match="is a count of at most"):
        make_record(params=count)
