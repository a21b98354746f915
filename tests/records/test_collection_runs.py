"""Records of several runs: as they would stand in one, and by how much that is not known.

The interval of every record is +-2 %, see ``make_record``.
"""

from __future__ import annotations

import dataclasses
import math

import msgspec
import pytest

from lightbench.records import SweepPoint
from lightbench.records.collection import (
    Evidence,
    asked,
    is_anchor,
    machine,
    run_of,
    setup,
)
from lightbench.records.findings import Check
from lightbench.records.links import NONE

near = pytest.approx
HERE = {"cpu": "Example CPU", "threads": 2, "torch": "2.13.0"}
ROOM = 1.02 / 0.98  # of the ratio of two medians, on either side


@pytest.fixture
def timed(make_record):
    """``timed("one", a=10, b=12)``: records of one run, by their times in ms."""

    def made(run, *, anchors="", **times):
        return [
            make_record(name, run=run, latency_s=ms / 1e3, anchor=name in anchors)
            for name, ms in times.items()
        ]

    return made


def medians(group):
    return {record.case.model: record.latency.median_s for record in group}


def test_what_was_timed_in_another_run_stands_as_if_it_were_timed_in_this_one(timed):
    """The anchor took twice as long there, so 30 ms are 15 ms here."""
    first, second = timed("one", a=10, b=12), timed("two", anchors="a", a=20, new=30)
    evidence = Evidence((*first, *second))
    (group,) = evidence.groups
    assert medians(group) == near({"a": 0.010, "b": 0.012, "new": 0.015})
    placed = group[2]
    assert placed.run == msgspec.structs.replace(second[1].run, id="one")
    assert placed.latency.low_s == near(0.0294 / (2 * ROOM))
    assert placed.latency.high_s == near(0.0306 / (2 / ROOM))
    assert group[:2] == tuple(first)
    assert evidence.comparable(second[1]) is placed
    assert evidence.measured(placed) is second[1]
    assert evidence.measured(first[0]) is first[0]


def test_the_drift_between_two_runs_is_that_of_what_both_have_timed(timed):
    first, second = timed("one", a=10, b=12), timed("two", anchors="a", a=20, new=30)
    evidence = Evidence((*first, *second))
    on, back = evidence.drift(first[1], second[1]), evidence.drift(second[1], first[1])
    assert (on.log, back.log) == near((math.log(2), -math.log(2)))
    assert (on.low, on.high) == near((math.log(2 / ROOM), math.log(2 * ROOM)))
    assert evidence.drift(first[0], first[1]) == NONE
    assert evidence.drift(first[0], timed("three", c=1)[0]) is None
    assert Evidence(()).drift(first[0], first[1]) == NONE  # in one run nothing drifts
    assert Evidence(()).drift(first[0], second[1]) is None


def test_without_anything_in_common_a_time_is_compared_with_nothing(timed):
    first, (alone,) = timed("one", a=10, b=12), timed("two", new=30)
    evidence = Evidence((*first, alone))
    assert evidence.groups == (tuple(first),)
    assert evidence.comparable(alone) is None
    assert evidence.drift(first[0], alone) is None


def test_the_run_that_most_were_timed_in_is_the_one_where_all_stand(timed):
    few, many = timed("few", a=10, b=12), timed("many", anchors="a", a=20, c=30, d=40)
    (group,) = Evidence((*few, *many)).groups
    assert medians(group) == near({"a": 0.020, "b": 0.024, "c": 0.030, "d": 0.040})
    assert {record.run.id for record in group} == {"many"}
    assert not any(is_anchor(record) for record in group)


def test_of_two_runs_with_as_many_it_is_the_one_of_which_more_was_asked_for(timed):
    asked_for, others = timed("one", a=10, b=12), timed("two", anchors="a", a=20, c=30)
    for records in ((*asked_for, *others), (*others, *asked_for)):
        (group,) = Evidence(records).groups
        assert {record.run.id for record in group} == {"one"}


def test_of_two_runs_that_are_alike_it_is_the_later_one(timed):
    """Each has an anchor and one more that was asked for."""
    first = timed("one", anchors="s", s=10, a=12)
    second = timed("two", anchors="s", s=20, b=30)
    (group,) = Evidence((*first, *second)).groups
    assert medians(group) == near({"a": 0.024, "b": 0.030})


def test_a_network_is_no_anchor_of_itself_or_it_would_never_have_changed(timed):
    """`a` was asked for in both runs and has become slower; `s` says that the machine has not."""
    first = timed("one", a=10, b=10, s=10)
    second = timed("two", anchors="s", a=20, s=10)
    (group,) = Evidence((*first, *second)).groups
    assert medians(group) == near({"a": 0.020, "b": 0.010, "s": 0.010})


def test_a_network_that_was_timed_again_and_nothing_else_was_links_no_runs(timed):
    first, (again,) = timed("one", a=10, b=12), timed("two", a=20)
    evidence = Evidence((*first, again))
    assert evidence.comparable(again) is None
    assert evidence.groups == ((first[1],),)


def test_runs_are_linked_by_what_was_timed_whatever_was_measured_beside_it(make_record):
    plain = make_record("a", run="one", latency_s=0.010)
    beside = make_record("a", run="two", latency_s=0.020, options=("memory",))
    evidence = Evidence((plain, beside))
    assert evidence.drift(plain, beside).log == near(math.log(2))
    flushed = make_record("a", run="two", latency_s=0.020, options=("flush-denormal",))
    assert Evidence((plain, flushed)).drift(plain, flushed) is None


def test_an_anchor_of_which_less_was_measured_does_not_stand_for_a_record(make_record):
    """It was timed in both runs, and twice as long there: 20 ms are 20 of this run, by its link "b"."""
    base = [make_record(n, run="one", anchor=n == "a", latency_s=0.010) for n in "abc"]
    beside = make_record("a", run="two", latency_s=0.020, options=("memory",))
    link = make_record("b", run="two", anchor=True, latency_s=0.010)
    evidence = Evidence((*base, beside, link))
    placed = evidence.comparable(beside)
    assert placed.case.options == ("memory",)
    assert placed.latency.median_s == near(0.020)
    assert len(evidence.groups) == 2  # it is a row of its own


def test_a_network_that_was_rewritten_is_another_one(make_record, timed):
    first = timed("one", a=10, b=12)
    other = make_record("a", run="two", latency_s=0.020, identity="rewritten", anchor=True)
    new = make_record("new", run="two", latency_s=0.030)
    evidence = Evidence((*first, other, new))
    assert evidence.comparable(new) is None
    assert evidence.beside(new, first[0]) is None
    assert evidence.beside(new, other) is other


def test_of_networks_that_are_not_known_nothing_is_linked(make_record):
    one = [make_record(name, identity=None) for name in "ab"]
    two = [make_record(name, identity=None, run="two", anchor=name == "a") for name in "ac"]
    assert Evidence((*one, *two)).groups == (tuple(one),)
    more = [make_record(name, identity=None, run="two") for name in "de"]
    unknown = Evidence((*one, *two, *more))
    assert unknown.groups == ((two[1], *more),)
    assert unknown.comparable(one[0]) is None  # it need not be what `a` was in the other run


def test_what_was_timed_alone_is_its_own_run(make_record):
    alone = make_record("a", run=None)
    assert run_of(alone) == alone.id
    assert run_of(make_record("a", run="one")) == "one"
    assert is_anchor(alone) is False
    assert Evidence((alone,)).groups == ((alone,),)


def test_of_runs_on_two_machines_each_is_linked_with_its_own(make_record):
    there = {**HERE, "cpu": "Other CPU"}
    records = [
        make_record("a"),
        make_record("a", run="two", comparable=there, anchor=True),
        make_record("new", run="two", comparable=there),
    ]
    evidence = Evidence(tuple(records))
    assert evidence.groups == ((records[0],), (records[2],))
    assert evidence.drift(records[0], records[2]) is None


@pytest.mark.parametrize("study", ["sweep", "check"])
def test_what_a_sweep_has_timed_links_runs_and_what_another_study_has_does_not(make_record, study):
    found = {
        "sweep": SweepPoint(run="two", experiment="groups", point="g=1"),
        "check": Check(against="main", metrics=()),
    }[study]
    first = make_record("a", latency_s=0.010)
    again = msgspec.structs.replace(make_record("a", run="two", latency_s=0.020), found=found)
    new = make_record("new", run="two", latency_s=0.030)
    placed = Evidence((first, make_record("b"), make_record("c"), again, new)).comparable(new)
    assert (placed and placed.latency.median_s) == (near(0.015) if study == "sweep" else None)


# What tells cases and machines apart.


def test_threads_that_nobody_asked_for_are_those_that_the_machine_had(make_record):
    unsaid, two, one = make_record(), make_record(threads=2), make_record(threads=1)
    assert asked(unsaid) == asked(two) != asked(one)
    assert setup(unsaid) == setup(two) != setup(one)


@pytest.mark.parametrize("changes", [{"batch": 8}, {"mode": "train"}, {"shape": (3, 8)}])
def test_the_batch_and_the_mode_are_of_the_case_and_not_of_the_setup(make_record, changes):
    assert asked(make_record(**changes)) != asked(make_record())
    assert setup(make_record(**changes)) == setup(make_record())


def test_a_machine_is_what_is_known_of_it_in_alphabetical_order(make_record):
    record = make_record(comparable={"torch": "2", "cpu": "A", "cores": 4, "gpu": None})
    assert machine(record.environment) == (("cores", "4"), ("cpu", "A"), ("torch", "2"))


def test_what_is_sorted_does_not_change_meanwhile(make_record):
    evidence = Evidence((make_record(),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        evidence.records = ()


def test_what_a_study_makes_of_all_records_is_made_once(make_record):
    asked_for = []

    def models(evidence):
        asked_for.append(evidence)
        return [record.case.model for record in evidence.records]

    evidence = Evidence((make_record("a"), make_record("b")))
    assert evidence.once(models) is evidence.once(models)
    assert evidence.once(models) == ["a", "b"]
    assert asked_for == [evidence]


def test_of_several_checks_of_a_case_the_latest_counts(make_record):
    first, second = (
        msgspec.structs.replace(
            make_record(), samples=None, latency=None, found=Check(against=against, metrics=())
        )
        for against in ("main", "develop")
    )
    assert Evidence((first, second)).checks == (second,)
    assert Evidence((first,)).profiles == ()
