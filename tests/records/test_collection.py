"""What a set of records is sorted into, before figures and reports are made of it."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.records.collection import Evidence, setup
from lightbench.records.findings import Crosscheck, Finding, Linted, Opinion
from lightbench.studies.card.stored import cards
from lightbench.studies.guidelines.stored import guideline_records

HERE = {"cpu": "Example CPU", "threads": 2, "torch": "2.13.0"}
THERE = {**HERE, "cpu": "Other CPU"}


def later(record, **changes):
    return msgspec.structs.replace(record, time="2026-02-02T00:00:00Z", **changes)


def test_of_one_case_on_one_machine_the_latest_profile_counts(make_record):
    old, new = make_record("net", latency_s=0.01), later(make_record("net", latency_s=0.02))
    assert Evidence((old, make_record("b"), new)).profiles == (new, make_record("b"))


def test_a_failure_does_not_hide_an_earlier_result_but_a_result_replaces_a_failure(make_record):
    good, bad = make_record("net"), make_record("net", failure="no memory.")
    assert Evidence((good, bad)).profiles == (good,)
    assert Evidence((bad, good)).profiles == (good,)


def test_the_same_case_on_two_machines_is_two_profiles_in_two_groups(make_record):
    a, b = make_record("net", comparable=HERE), make_record("net", comparable=THERE)
    evidence = Evidence((a, b))
    assert evidence.profiles == (a, b)
    assert evidence.groups == ((a,), (b,))


@pytest.mark.parametrize(
    "unlike", [{"batch": 8}, {"dtype": "float16"}, {"layout": "channels_last"}, {"mode": "train"}]
)
def test_profiles_that_differ_in_more_than_the_network_are_in_groups_apart(unlike, make_record):
    alone = make_record("a", **unlike)
    two = make_record("a"), make_record("b", shape=(3, 32, 32))
    assert Evidence((alone, *two)).groups == (two, (alone,))


def test_what_has_no_time_is_in_no_group(make_record):
    failed = make_record("a", failure="no memory.")
    assert Evidence((failed,)).groups == ()


def test_each_study_has_its_own_records(make_record, sweep_records):
    profile, sweep = make_record("net"), sweep_records()
    finding = Finding(guideline="G1", layer="a", cause="b", advice="c", mem_bytes=1.0)
    lint = msgspec.structs.replace(
        profile, samples=None, latency=None, found=Linted(findings=(finding,))
    )
    none_found = msgspec.structs.replace(lint, found=Linted(findings=()))
    opinion = Opinion(tool="thop", ours=1, theirs=1)
    checked = msgspec.structs.replace(
        profile, samples=None, latency=None, found=Crosscheck(opinions=(opinion,))
    )
    evidence = Evidence((profile, *sweep, lint, checked))
    assert evidence.profiles == (profile,)
    assert guideline_records(evidence) == tuple(sweep)
    assert evidence.lints == (lint,)
    assert evidence.crosschecks == (checked,)
    assert Evidence((none_found,)).lints == (none_found,)
    assert evidence.layers == cards(evidence) == ()


def test_a_sweep_of_groups_is_no_guideline_though_it_begins_with_a_g(sweep_records):
    assert guideline_records(Evidence(tuple(sweep_records(experiment="groups")))) == ()


def test_a_setup_leaves_out_the_network_and_how_memory_is_kept(make_record):
    kept = make_record("b", shape=(3, 32, 32), comparable={**HERE, "allocator": "kept"})
    assert setup(kept) == setup(make_record("a"))
    assert setup(make_record("a", comparable=THERE)) != setup(make_record("a"))


# Anchors, and what was disturbed.


CONTENDED = ("contended: other programs took the CPU.",)


@pytest.mark.parametrize("said", [CONTENDED, ("suspect: it remembers its answer.",)])
def test_a_time_that_is_not_believed_is_a_profile_and_is_compared_with_nothing(make_record, said):
    disturbed, calm = make_record("a", warnings=said), make_record("b")
    evidence = Evidence((disturbed, calm))
    assert evidence.profiles == (disturbed, calm)
    assert evidence.groups == ((calm,),)
    assert evidence.beside(calm, disturbed) is None


@pytest.mark.parametrize("order", [1, -1])
def test_an_anchor_does_not_take_the_place_of_what_was_asked_for(make_record, order):
    asked, anchor = make_record("a"), make_record("a", run="two", anchor=True)
    assert Evidence((asked, anchor)[::order]).profiles == (asked,)
    assert Evidence((anchor,)).profiles == ()


def test_beside_a_network_stands_the_very_one_that_was_timed_with_it(make_record):
    a, b = make_record("a"), make_record("b")
    evidence = Evidence((a, b))
    assert evidence.beside(a, b) == b
    assert evidence.beside(a, make_record("b", identity="rewritten")) is None
    assert evidence.beside(a, make_record("c")) is None


def test_of_two_runs_of_the_same_networks_the_later_one_counts_as_it_is(make_record):
    early = [make_record(name, run="early", latency_s=0.010) for name in "ab"]
    late = [make_record(name, run="late", latency_s=0.020) for name in "ab"]
    assert Evidence((*early, *late)).groups == (tuple(late),)
