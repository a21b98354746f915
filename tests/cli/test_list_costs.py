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
    assert models(lightbench("list", "models", "--near", "140M", *form)) == cheapest[::-1]
    near = lightbench("list", "models", "--cost", "--near", "1k", *form)
    assert models(near) == cheapest


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
