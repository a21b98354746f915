"""A record says what fits together, or it cannot be built."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from lightbench.records import SCHEMA, Run, SweepPoint, record
from lightbench.records.findings import (
    Check,
    Crosscheck,
    Finding,
    LayerTimes,
    Linted,
    Opinion,
    PartTime,
)
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
    one = make_record()  # of one operator
    assert len(one.costs.ops) == 1
    assert replace(one, found=layers(1)).layers == layers(1)
    for n in (0, 2):
        with pytest.raises(ValueError, match="one time for each operator"):
            replace(one, found=layers(n))
    with pytest.raises(ValueError, match="one time for each operator"):
        replace(one, costs=None, found=layers(1))


# What it says of itself.


def test_the_schema_is_the_last_one_of_its_history():
    assert re.findall(r"^(\d+)\. ", record.__doc__, re.MULTILINE)[-1] == str(SCHEMA)


FINDING = Finding(guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0)
OPINION = Opinion(tool="thop", ours=1)
FOUND = {
    "sweep": SweepPoint(run="r", experiment="groups", point="g=1"),
    "layers": layers(1),
    "lint": Linted(findings=(FINDING,)),
    "crosscheck": Crosscheck(opinions=(OPINION,)),
    "check": Check(against="main", metrics=()),
}


@pytest.mark.parametrize("study", FOUND)
def test_what_a_study_has_found_is_its_own_and_none_of_the_others(make_record, study):
    found = FOUND[study]
    one = replace(make_record(), found=found)
    shown = (one.sweep, one.layers, one.findings, one.opinions, one.check)
    expected = {
        "sweep": (found, None, None, None, None),
        "layers": (None, found, None, None, None),
        "lint": (None, None, (FINDING,), None, None),
        "crosscheck": (None, None, None, (OPINION,), None),
        "check": (None, None, None, None, found),
    }
    assert shown == expected[study]
    assert one.study == found.study == study


def test_a_profile_is_what_no_study_has_found_anything_in(make_record):
    one = make_record()
    assert one.study == "profile"
    assert (one.sweep, one.layers, one.findings, one.opinions, one.check) == (None,) * 5


def test_a_lint_without_a_finding_has_none_and_is_not_unknown(make_record):
    assert replace(make_record(), found=Linted(findings=())).findings == ()
    assert replace(make_record(), found=Crosscheck(opinions=())).opinions == ()


@pytest.mark.parametrize("others", [(), ("unstable: it varies.",)])
def test_one_warning_of_a_disturbance_is_enough_not_to_be_believed(make_record, others):
    calm = make_record(warnings=others)
    busy = make_record(warnings=(*others, "contended: other programs ran."))
    absurd = make_record(warnings=(*others, "suspect: it remembers.", "suspect too quick."))
    assert [one.contended for one in (calm, busy, absurd)] == [False, True, False]
    assert [one.believed for one in (calm, busy, absurd)] == [True, False, False]
    assert calm.suspicions == busy.suspicions == ()
    assert absurd.suspicions == ("it remembers.", "too quick.")


def test_what_has_no_time_is_not_believed_and_has_no_throughput(make_record):
    failed = make_record(failure="no memory.")
    assert failed.believed is False
    assert failed.throughput is None


def test_throughput_is_the_batch_over_the_median(make_record):
    assert make_record(batch=8, latency_s=0.02).throughput == pytest.approx(400)


def test_equal_records_have_the_same_id_of_sixteen_hex_digits_and_others_another(make_record):
    assert make_record().id == make_record().id
    assert re.fullmatch("[0-9a-f]{16}", make_record().id)
    assert make_record("other").id != make_record().id
    order = [{"a": 1, "b": 2}, {"b": 2, "a": 1}]
    assert len({make_record(comparable=facts).id for facts in order}) == 1


def test_a_run_is_of_what_was_asked_for_unless_it_says_that_it_is_an_anchor():
    assert Run(id="one").anchor is False


@pytest.mark.parametrize("peak", [-1, 2**63])
def test_the_peak_of_memory_is_a_count(make_record, peak):
    assert replace(make_record(), peak_memory_bytes=0).peak_memory_bytes == 0
    with pytest.raises(ValueError, match="peak_memory_bytes is a count"):
        replace(make_record(), peak_memory_bytes=peak)
