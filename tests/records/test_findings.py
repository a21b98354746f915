"""Times of parts and opinions: what cannot be true cannot be built."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.records.findings import CheckedMetric, Opinion, PartTime, SweepPoint
from lightbench.stats.interval import Interval


def test_a_time_is_not_negative():
    one = Interval(1.0)
    assert PartTime(name="relu", time_s=Interval(0.0), share=one).time_s.median == 0
    with pytest.raises(ValueError, match="not negative"):
        PartTime(name="relu", time_s=Interval(-1e-9), share=one)


def test_a_point_is_of_one_width_and_nothing_else_unless_it_is_said():
    point = SweepPoint(run="r", experiment="groups", point="g=1")
    assert (point.width, point.reference, point.launch, point.per_madd) == (1, False, False, False)
    assert (point.settings, point.channels, point.note) == ({}, "", "")
    assert point.study == "sweep"


def test_the_channels_of_a_sweep_are_widened_by_whole_times():
    point = {"run": "r", "experiment": "groups", "point": "g=1"}
    assert SweepPoint(**point, width=2).width == 2
    for width in (0, -1):
        with pytest.raises(ValueError, match=f"a width is 1 or more, got {width}"):
            SweepPoint(**point, width=width)


def test_a_metric_was_timed_with_others_unless_it_is_said():
    metric = CheckedMetric(metric="madds", before=None, now=1.0, verdict="new", state="new")
    assert metric.alone is False
    assert (metric.change, metric.low, metric.high, metric.seconds) == (None,) * 4


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
