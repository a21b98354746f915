"""A record says what fits together, or it cannot be built."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from lightbench.errors import UsageError
from lightbench.records import SCHEMA, Case, InputSpec
from lightbench.records.findings import LayerTimes, PartTime
from lightbench.stats.interval import Interval


def layers(n):
    """Times of so many operators."""
    one = Interval(1.0)
    part = PartTime(name="conv1", time_s=one, share=one)
    return LayerTimes(
        rounds=3, total_s=one, over_whole=one, operators=(part,) * n, kinds=(), views=part
    )


@pytest.mark.parametrize("schema", [SCHEMA - 1, SCHEMA + 1])
def test_a_record_is_of_todays_schema(make_record, schema):
    with pytest.raises(ValueError, match=f"must be migrated to {SCHEMA}"):
        replace(make_record(), schema=schema)


def test_a_failed_record_says_why_and_no_other_one_does(make_record):
    failed = make_record(failure="out of memory.")
    for changes in ({"status": "ok"}, {"failure": None}):
        with pytest.raises(ValueError, match="a failed record says why, and only a failed one"):
            replace(failed, **changes)


@pytest.mark.parametrize("missing", ["latency", "samples"])
def test_a_latency_and_its_samples_are_stored_together(make_record, missing):
    with pytest.raises(ValueError, match="a latency comes with its samples"):
        replace(make_record(), **{missing: None})


def test_layers_have_one_time_for_each_operator(make_record):
    record = make_record()  # of one operator
    assert len(record.costs.ops) == 1
    assert replace(record, found=layers(1)).layers == layers(1)
    for n in (0, 2):
        with pytest.raises(ValueError, match="one time for each operator"):
            replace(record, found=layers(n))
    with pytest.raises(ValueError, match="one time for each operator"):
        replace(record, costs=None, found=layers(1))


def test_a_case_has_a_batch_and_threads_of_one_or_more():
    image = (InputSpec(shape=(3, 8, 8)),)
    assert Case(model="net", inputs=image, batch=1, threads=1).threads == 1
    for name in ("batch", "threads"):
        with pytest.raises(UsageError, match=r"1 or more, got 0\."):
            Case(model="net", inputs=image, **{name: 0})
