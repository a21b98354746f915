"""The numbers by which a page says which network to ship."""

from __future__ import annotations

import pytest

from lightbench.records.collection import Evidence
from lightbench.reports.choice import choice
from lightbench.studies.subject import Subject


def test_every_comparable_network_is_there_with_what_is_known_of_it(five):
    data = choice(Subject(Evidence(tuple(five))))
    assert [case["name"] for case in data["cases"]] == [record.case.model for record in five]
    for case, record in zip(data["cases"], five, strict=True):
        assert case["values"]["latency_s"] == record.latency.median_s
        assert case["values"]["param_bytes"] == record.costs.param_bytes
        assert (case["low"], case["high"]) == (record.latency.low_s, record.latency.high_s)
    top1 = {case["name"]: case["values"].get("top1") for case in data["cases"]}
    assert top1["mobilenet_v1"] == 70.6


def test_the_accuracy_that_is_asked_for_at_first_is_that_of_the_reference(five):
    # 70.6 - 0.5 and 69.758 - 0.5, whole percents below
    for reference, least in ((None, 70), ("resnet18", 69)):
        facts = choice(Subject(Evidence(tuple(five)), reference))["facts"]
        assert {fact["key"]: fact["least"] for fact in facts}["top1"] == least
        assert all(fact["least"] is None for fact in facts if fact["key"] != "top1")


def test_what_is_known_of_fewer_than_two_cannot_be_asked_for(make_record):
    records = tuple(make_record(name, latency_s=0.01) for name in ("a", "b"))
    keys = [fact["key"] for fact in choice(Subject(Evidence(records)))["facts"]]
    assert "latency_s" in keys
    assert "top1" not in keys


def test_one_network_is_no_choice_and_a_disturbed_one_is_not_among_them(make_record):
    busy = make_record("c", latency_s=0.001, warnings=("contended: others",))
    assert choice(Subject(Evidence((make_record("a"), busy)))) is None
    data = choice(Subject(Evidence((make_record("a"), make_record("b"), busy))))
    assert [case["model"] for case in data["cases"]] == ["a", "b"]


def test_times_brought_from_another_run_are_told_from_those_of_the_last(make_record):
    """The anchor a took twice as long in the second run: 30 ms there are 15 ms here."""
    first = [make_record(n, run="one", latency_s=t) for n, t in (("a", 0.01), ("b", 0.012))]
    second = [
        make_record("a", run="two", latency_s=0.02, anchor=True),
        make_record("new", run="two", latency_s=0.03),
    ]
    cases = choice(Subject(Evidence((*first, *second))))["cases"]
    assert {case["model"]: case["elsewhere"] for case in cases} == {
        "a": False,
        "b": False,
        "new": True,
    }
    assert cases[-1]["values"]["latency_s"] == pytest.approx(0.015)
