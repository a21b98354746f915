"""The ratio of two profiles of any engines: round by round where that is possible."""

from __future__ import annotations

import math

import msgspec
import pytest
from engine_records import EAGER, ORT, timed

from lightbench.records.collection import Evidence
from lightbench.reports.ratios import by_latency, ratio_between

near = pytest.approx


def between(records, i=0, j=1):
    return ratio_between(Evidence(tuple(records)), records[i], records[j])


def test_two_engines_of_one_run_are_held_against_each_other_round_by_round(make_record):
    """The machine is up to 2.9 times as slow from round to round, and 0.36 has no interval at all."""
    ratio = between([timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 10.152)])
    assert (ratio.ratio, ratio.low, ratio.high, ratio.n) == near((0.36, 0.36, 0.36, 8))


def test_swapping_them_mirrors_it(make_record):
    records = [timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 10.152)]
    there, back = between(records), between(records, 1, 0)
    assert (back.log, back.log_low, back.log_high) == (-there.log, -there.log_high, -there.log_low)


def test_a_run_that_has_timed_both_is_found_whichever_was_measured_again(make_record):
    """Eager alone was timed later, on a machine twice as slow."""
    records = [
        timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 10.152),
        timed(make_record, "a", EAGER, 56.4, run="two"),
    ]  # fmt: skip
    assert between(records, 2, 1).ratio == near(0.36)
    assert between(records, 1, 2).ratio == near(1 / 0.36)


def test_runs_with_nothing_in_common_tell_nothing(make_record):
    records = [timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 9.0, run="two")]
    assert between(records) is None


def test_another_network_of_the_name_is_not_the_same(make_record):
    records = [
        timed(make_record, "a", EAGER, 28.2), timed(make_record, "a", ORT, 10.152),
        timed(make_record, "a", EAGER, 28.2, run="two", identity="edited"),
    ]  # fmt: skip
    assert between(records, 2, 1) is None


def test_too_few_rounds_leave_the_intervals_of_both(make_record):
    """3 rounds: 0.36 with bounds of 0.98 / 1.02 and the reverse."""
    records = [make_record("a", latency_s=0.1), make_record("a", latency_s=0.036, engine=ORT)]
    ratio = between(records)
    assert (ratio.ratio, ratio.low, ratio.high) == near((0.36, 0.36 * 98 / 102, 0.36 * 102 / 98))
    assert ratio.n == 0


def test_what_is_not_believed_has_no_ratio(make_record):
    records = [
        timed(make_record, "a", EAGER, 28.2),
        timed(make_record, "a", ORT, 1.0, warnings=("suspect: outputs.",)),
    ]
    assert between(records) is None
    assert between(records, 1, 0) is None


def test_without_an_interval_on_one_side_there_are_no_bounds(make_record):
    one, other = (make_record("a", latency_s=s).latency for s in (0.1, 0.2))
    ratio = by_latency(msgspec.structs.replace(one, low_s=None, high_s=None), other)
    assert ratio.log == near(math.log(2))
    assert ratio.log_low is ratio.log_high is None
