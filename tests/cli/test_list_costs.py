"""`lightbench list models --cost`: what is known by name, with its costs."""

from __future__ import annotations

import json

import pytest

from lightbench.studies.count import known


@pytest.fixture(autouse=True)
def few(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(known, "names", lambda library: [f"{library}:mnasnet0_5"] if library else ["mobilenet_v1_x0_5", "example_dense", "mobilenet_v1_x0_25"])  # fmt: skip


def models(answer):
    assert (answer.code, answer.err) == (0, "")
    return [row["model"] for row in json.loads(answer.out)]


def test_models_with_costs_go_from_the_cheapest_and_near_some_from_the_nearest(lightbench):
    form = ("--format", "json")
    cheapest = ["example_dense", "mobilenet_v1_x0_25", "mobilenet_v1_x0_5"]
    assert models(lightbench("list", "models", "--cost", *form)) == cheapest
    near = lightbench("list", "models", "--cost", "--near", "1k", *form)
    assert models(near) == cheapest[1:]  # example_dense is made for another input
    answer = lightbench("list", "models", "--near", "140M")
    shown = [line.split()[0] for line in answer.out.splitlines() if line.startswith("mobilenet")]
    assert shown == cheapest[:0:-1]
    assert "Made for another input and left out: 1." in answer.out


def test_choices_are_named_once(lightbench):
    answer = lightbench("list")
    assert answer.code == 2
    assert answer.err.count("conventions") == 1


def test_a_baseline_that_is_not_there_is_made_by_save(lightbench, tmp_path):
    answer = lightbench("baseline", "show", tmp_path / "no one.jsonl")
    assert answer.code == 2
    assert (
        f"`lightbench baseline save MODEL -o '{tmp_path / 'no one.jsonl'}'` makes it." in answer.err
    )


def test_published_accuracy_stands_beside_the_costs(lightbench):
    answer = lightbench("list", "models", "--cost")
    (line,) = (
        one.split() for one in answer.out.splitlines() if one.startswith("mobilenet_v1_x0_5")
    )
    assert [line[2], line[5]] == ["149.5", "63.7"]  # Howard et al. 2017, Table 6


def test_a_library_can_be_asked_for(lightbench):
    answer = lightbench("list", "models", "--from", "torchvision", "--cost", "--format", "json")
    assert models(answer) == ["torchvision:mnasnet0_5"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("devices", "--cost"), "--cost and --near are for models"),
        (("devices", "--near", "1M"), "--cost and --near are for models"),
        (("models", "--near", "x"), "cannot read 'x' as"),
        (("models", "--near", "0"), "'0' is not above zero"),
        (("models", "--cost", "--format", "nope"), "no format is called 'nope'"),
    ],
)
def test_what_makes_no_sense_is_refused(lightbench, words, said):
    answer = lightbench("list", *words)
    assert answer.code == 2
    assert said in answer.err
