"""`lightbench tradeoff`: which networks it is about."""

from __future__ import annotations

import pytest

from lightbench.studies.tradeoff import api


@pytest.fixture
def named(monkeypatch):
    """The networks that are trained."""
    found = []

    def heard(*models, **_):
        found.extend(models)
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "tradeoff", heard)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("a", "b", "c"),
        ("--models", "a,b,c"),
        ("--models", "a, b ,c,"),
        ("--models", "a", "b", "c"),
        ("a", "--models", "b", "--models", "c"),
    ],
)
def test_networks_are_named_one_after_the_other_or_with_commas(words, named, lightbench):
    lightbench("tradeoff", "--data", "digits", *words)
    assert sorted(named) == ["a", "b", "c"]


def test_without_a_network_it_says_what_to_type(lightbench):
    answer = lightbench("tradeoff", "--data", "digits", "--models", ",")
    assert answer.code == 2
    assert "no network is named" in answer.err
    assert "lightbench tradeoff MODEL MODEL --data digits" in answer.err
