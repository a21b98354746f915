"""`lightbench layers`: operators, groups, modules and formulas; what does not go together is refused."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rooflines import peak_records

from lightbench.records import store

NET = "mobilenet_v2_x0_35"
MEASURED = ("--measure", "--device", "null", "--seconds", "0.01", "-q")


def rows(answer):
    assert answer.code == 0, answer.err
    return list(csv.DictReader(io.StringIO(answer.out)))


@pytest.mark.parametrize("measure", [(), MEASURED])
@pytest.mark.parametrize("by", ["kind", "group", "op", "module"])
def test_operators_are_added_up_with_and_without_measuring(lightbench, by, measure):
    found = rows(lightbench("layers", NET, "--by", by, *measure, "--format", "csv"))
    assert next(iter(found[0])) == by
    *groups, total = found
    assert sum(int(row["madds"]) for row in groups) == int(total["madds"]) > 0
    assert ("time_s" in total) is bool(measure)


@pytest.mark.parametrize("measure", [(), MEASURED])
def test_the_tree_is_as_deep_as_is_asked_for(lightbench, measure):
    found = rows(lightbench("layers", NET, "--depth", "1", *measure, "--format", "csv"))
    assert [row["layer"] for row in found] == ["", "features", "classifier"]
    assert [row["module"] for row in found] == ["MobileNetV2", "Sequential", "Sequential"]
    assert int(found[0]["params"]) == sum(int(row["params"]) for row in found[1:]) > 0


@pytest.mark.parametrize("measure", [(), MEASURED])
def test_a_layer_is_called_layer_in_every_export(lightbench, measure):
    found = rows(lightbench("layers", NET, *measure, "--format", "csv"))
    assert found[0]["layer"] == "features.0.0"
    data = json.loads(lightbench("layers", NET, *measure, "--format", "json").out)
    first = (data["parts"] if measure else data)[0]
    assert (first["layer"], "path" in first) == ("features.0.0", False)


def test_formulas_are_those_of_the_dearest_rows_that_are_asked_for(lightbench):
    found = rows(
        lightbench("layers", NET, "--formula", "--sort", "madds", "--top", "1", "--format", "csv")
    )
    assert (found[0]["formula"], found[0]["of_dense"]) == ("1·1·112·1280·7·7", "1")


def test_peaks_that_do_not_fit_are_said_and_cost_no_measurement(lightbench, tmp_path, make_record):
    store.append(tmp_path / "peaks.jsonl", peak_records(make_record))
    answer = lightbench("layers", NET, *MEASURED, "--roofline", tmp_path / "peaks.jsonl")
    assert answer.code == 0
    assert "bound by: not known, since the peaks are of" in " ".join(answer.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--by kind --depth 1", "--by and --depth are answers of their own."),
        ("--depth 1 --formula", "--depth and --formula are answers of their own."),
        ("--depth 1 --top 3", "--depth has no use for --top."),
        ("--formula --measure", "--formula has no use for --measure."),
        ("--roofline r.jsonl", "--roofline is about measured time."),
        ("--by kind --sort time", "--sort time is about measured time."),
        ("--depth -1", "0"),
    ],
)
def test_what_does_not_go_together_is_refused(lightbench, words, said):
    answer = lightbench("layers", NET, *words.split())
    assert answer.code == 2
    assert said in answer.err


def test_a_file_without_peaks_is_refused_before_anything_is_measured(
    lightbench, tmp_path, make_record
):
    store.append(tmp_path / "r.jsonl", [make_record("a")])
    answer = lightbench(
        "layers", "no_such_network", "--measure", "--roofline", tmp_path / "r.jsonl"
    )
    assert answer.code == 2
    assert "holds no roofline" in answer.err


@pytest.mark.parametrize("answer", [(), ("--formula",), ("--depth", "1")])
def test_what_is_shown_can_be_chosen_without_a_measurement(lightbench, answer):
    shown = lightbench(
        "layers", "convnet", *answer, "--columns", "madds", "--all-columns", "--no-notes", "--format", "csv"
    )  # fmt: skip
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[0] == '"madds"'
