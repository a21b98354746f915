"""The numbers by which a page says which network to ship."""

from __future__ import annotations

import pytest

from lightbench.records.collection import Evidence
from lightbench.reports.choice import choice, family
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


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("mobilenet_v2_x1_4", "mobilenet_v2"),
        ("shufflenet_v1_x1_0_g3", "shufflenet_v1"),
        ("timm:resnet18", "resnet"),
        ("nets/own.py:Net(width=0.5)", "Net"),
        ("squeezenet1_1", "squeezenet"),
        ("123", "123"),
    ],
)
def test_a_family_is_the_word_and_its_version(model, expected):
    assert family(model) == expected
