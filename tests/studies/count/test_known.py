"""All networks that are known by name, with what they cost: counted once and kept."""

from __future__ import annotations

import json

import pytest

from lightbench.errors import ModelError
from lightbench.records import InputSpec
from lightbench.studies.count import known
from lightbench.studies.count.known import Known
from lightbench.studies.count.known_table import known_view

SMALL = ["example_dense", "mobilenet_v1_x0_25", "example_conv_g4"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "lightbench" / "costs.json"


@pytest.fixture
def counted(monkeypatch):
    """The networks that are counted, as they are."""
    found, count = [], known.count
    monkeypatch.setattr(known, "count", lambda model: found.append(model) or count(model))
    return found


def made(**madds):
    return [
        Known(model=name, params=1, madds=m, mem_access=1, mem_bytes=1) for name, m in madds.items()
    ]


def test_what_is_known_is_ours_and_all_of_torchvisions_that_has_a_published_accuracy():
    names = known.names()
    assert {"mobilenet_v2", "torchvision:resnet101", "torchvision:vit_b_16"} <= set(names)
    assert len(names) == len(set(names))
    assert "stack:linear(c=64)" not in names
    assert any(name.startswith("stack:grouped(") for name in known.names("stack"))


def test_costs_are_those_of_the_paper_and_top1_too():
    (one,) = known.costs_of(["mobilenet_v1_x0_25"])
    assert (one.params, one.madds) == (470_072, 41_030_272)  # ../facts: 0.5 M, 41 M
    assert one.top1.top1 == 50.6


def test_what_was_counted_once_is_read_the_next_time(counted):
    said = []
    first = known.costs_of(SMALL, said.append)
    assert said == [f"counting {name}, {i} of 3" for i, name in enumerate(SMALL, 1)]
    assert known.costs_of(SMALL[::-1]) == first[::-1]
    assert counted == SMALL


def test_other_rules_or_other_code_are_counted_again(counted, cache, monkeypatch):
    known.costs_of(SMALL[:1])
    monkeypatch.setattr(known, "counting", lambda: "other rules")
    known.costs_of(SMALL[:1])
    monkeypatch.setattr(known, "code_of", lambda _: ("other code", ("torchvision 9",)))
    known.costs_of(SMALL[:1])
    assert counted == SMALL[:1] * 3
    assert len(json.loads(cache.read_text())) == 1  # what is past is not kept


def test_what_is_kept_of_other_networks_stays(counted):
    known.costs_of(SMALL[:1])
    known.costs_of(SMALL[1:2])
    known.costs_of(SMALL[:2])
    assert counted == SMALL[:2]


def test_an_interrupted_command_keeps_what_it_has_counted(counted, monkeypatch):
    count = known.count

    def stopped(model):
        if model == SMALL[1]:
            raise KeyboardInterrupt
        return count(model)

    monkeypatch.setattr(known, "count", stopped)
    with pytest.raises(KeyboardInterrupt):
        known.costs_of(SMALL)
    monkeypatch.setattr(known, "count", count)
    known.costs_of(SMALL)
    assert counted == SMALL


def test_a_network_that_cannot_be_counted_is_said_and_tried_again(monkeypatch):
    tried = []

    def fails(model):
        tried.append(model)
        raise ModelError("it is broken.")

    monkeypatch.setattr(known, "count", fails)
    for _ in range(2):
        found = known.costs_of(["example_dense"])
    assert tried == ["example_dense"] * 2
    view = known_view(found)
    assert view.table.rows == ()
    assert view.table.sentences == ("failed: example_dense: it is broken.",)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"a": 1}', b'{"a": {"model": 1}}'])
def test_a_file_that_is_broken_is_counted_anew_and_replaced(counted, cache, content):
    cache.parent.mkdir()
    cache.write_bytes(content)
    known.costs_of(SMALL[:1])
    known.costs_of(SMALL[:1])
    assert counted == SMALL[:1]


def test_where_nothing_can_be_kept_it_is_counted_each_time(counted, tmp_path):
    (tmp_path / "lightbench").write_text("no folder")
    known.costs_of(SMALL[:1])
    known.costs_of(SMALL[:1])
    assert counted == SMALL[:1] * 2


def test_the_nearest_come_first_as_many_as_are_within_a_factor():
    all_ = made(a=70, b=100, c=140, d=150, e=210, f=94, g=135, h=1400)
    assert [one.model for one in known.near(all_, 140)] == ["c", "g", "d", "b", "f", "e"]


def test_where_few_are_near_the_five_nearest_are_shown():
    all_ = made(a=1, b=10, c=100, d=1000, e=10_000, f=100_000)
    assert [one.model for one in known.near(all_, 5)] == ["b", "a", "c", "d", "e"]


def test_the_table_goes_from_the_cheapest_and_of_the_nearest_in_their_order():
    all_ = made(a=7, b=5, c=6)
    assert [row[0] for row in known_view(all_).table.rows] == ["b", "c", "a"]
    assert [row[0] for row in known_view(all_, 6.0).table.rows] == ["a", "b", "c"]


def test_the_usual_input_is_that_of_most_networks():
    small, large = (InputSpec(shape=(3, n, n)) for n in (32, 224))
    found = [
        Known(model=name, inputs=(one,), madds=10, params=1, mem_access=1, mem_bytes=1)
        for name, one in (("a_cifar", small), ("b", large), ("c", large))
    ]
    assert [one.model for one in known.usual(found)] == ["b", "c"]
    assert known.usual([]) == []
    said = known_view(found[1:], 10.0, others=1).table.sentences
    assert said == (
        "Made for another input and left out: 1. `lightbench list models --cost` has them all.",
    )
