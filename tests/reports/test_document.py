"""A report from Python, and as files in every format."""

from __future__ import annotations

import json

import pytest
from made_reports import cells, sections

import lightbench as lb
from lightbench.errors import UnknownName, UsageError
from lightbench.records import store
from lightbench.reports import report
from lightbench.stats.median import median

M = 10**6


# From Python, and written.


def test_files_results_and_records_may_be_put_together(five, tmp_path):
    store.append(tmp_path / "s.jsonl", five[:2])
    made = report(tmp_path / "s.jsonl", lb.Profile(tuple(five[2:3])), five[3], iter(five[4:]))
    assert list(made.subject.evidence.records) == five


def test_results_that_hold_one_record_or_lists_of_results_are_sources_too(five):
    class Result:
        record = five[0]

    made = report([Result(), lb.Profile(tuple(five[1:3]))], five[3:])
    assert list(made.subject.evidence.records) == five
    with pytest.raises(UsageError, match="int holds no records"):
        report(7)


def test_a_record_that_is_there_twice_counts_once(five):
    assert len(report(five, five).subject.evidence.records) == len(five)


def test_accuracies_may_be_plain_numbers_in_percent(five):
    view = sections(five, accuracy={"resnet18": 71.5})["Comparison"].views[0]
    assert cells(view, "top1")[-1] == 71.5
    assert cells(view, "top1_source")[-1] == "given by the reader"
    with pytest.raises(UsageError, match="171.5 is no accuracy"):
        report(five, accuracy={"resnet18": 171.5})


def test_a_reference_that_is_not_among_the_records_is_refused_with_a_suggestion(five):
    with pytest.raises(UnknownName, match="mobilenet_v1"):
        report(five, reference="mobilenet_v")


def test_the_result_shows_itself_as_its_comparison_and_as_pandas(five):
    made = lb.report(five)
    assert "Comparison" in repr(made)
    frame = made.to_pandas()
    assert list(frame["model"]) == [record.case.model for record in five]
    assert list(frame["latency_s"]) == [record.latency.median_s for record in five]


@pytest.mark.slow
def test_a_report_is_the_same_bytes_for_the_same_records(five, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        report(five).save(tmp_path / folder / "r.md")
        report(five).save(tmp_path / folder / "r.html")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["r-latency.svg", "r-pareto.svg", "r-predictors.svg", "r.html", "r.md"]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.slow
def test_every_figure_that_markdown_names_lies_beside_it(
    five, sweep_records, card_records, tmp_path
):
    made = report([*five, *sweep_records(), *card_records()])
    made.save(tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text()
    figures = {path.name for path in tmp_path.glob("*.svg")}
    assert len(figures) == 5
    assert all(f"]({figure})" in text for figure in figures)


def test_another_kind_of_file_is_refused(five, tmp_path):
    with pytest.raises(UsageError, match="Markdown or HTML"):
        report(five).save(tmp_path / "r.csv")


@pytest.mark.parametrize("form", ["csv", "jsonl", "latex", "table"])
def test_other_formats_hold_the_comparison(form, five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--format", form)
    assert answer.code == 0
    assert all(str(ms) in answer.out for ms in ("20", "25", "15", "10", "60"))


def test_json_holds_all_parts(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--format", "json")
    found = json.loads(answer.out)
    assert [section["title"] for section in found["sections"]][:3] == [
        "In short",
        "Comparison",
        "Accuracy for the time",
    ]
    rows = found["sections"][1]["tables"][0]["data"]
    assert median(row["latency"]["median_s"] for row in rows) == 0.020
    assert rows[0]["report"]["top1"] == 70.6


def test_the_command_that_made_it_is_the_first_of_those_that_reproduce_it(
    five, tmp_path, lightbench
):
    store.append(tmp_path / "s.jsonl", five)
    answer = lightbench("report", tmp_path / "s.jsonl", "--title", "My nets")
    assert answer.out.startswith("# My nets\n")
    commands = answer.out.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert commands[0] == f"lightbench report {tmp_path / 's.jsonl'} --title 'My nets'"
    assert commands[1].startswith("lightbench profile --device cpu")
    assert commands[1].endswith(
        " -- mobilenet_v1 mobilenet_v2 shufflenet_v2_x1_0 shufflenet_v2_x0_5 resnet18"
    )


def test_one_command_writes_several_files(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    files = [tmp_path / f"new/r{suffix}" for suffix in (".md", ".html", ".csv")]
    answer = lightbench("report", tmp_path / "s.jsonl", *(w for f in files for w in ("-o", f)))
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "".join(f"lightbench: wrote {file}\n" for file in files)
    assert files[0].read_text().startswith("# lightbench report")
    assert files[1].read_text().lower().startswith("<!doctype html>")
    assert files[2].read_text().startswith('"model",')
    line = next(x for x in files[0].read_text().splitlines() if x.startswith("lightbench report"))
    assert line.count(" -o ") == 3


def test_the_report_does_not_overwrite_the_store_that_it_is_made_from(tmp_path, lightbench):
    (tmp_path / "s.toml").write_text('models = ["example_dense"]\n')
    answer = lightbench("report", "--suite", tmp_path / "s.toml", "-o", tmp_path / "r.jsonl")
    assert answer.code == 2
    assert "cannot be report and store. Name a store with --store." in " ".join(answer.err.split())


def test_own_accuracies_come_from_a_file(five, tmp_path, lightbench):
    store.append(tmp_path / "s.jsonl", five)
    own = tmp_path / "own.csv"
    own.write_text("model,top1,source\nresnet18,71.5,our run 7\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert "| `resnet18` | 71.5 | own | `our run 7` |" in answer.out
    own.write_text("model,top1\nresnet18,71.5\nmobilenet_v3,70\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert answer.code == 0
    assert "no model is called 'mobilenet_v3'. Did you mean mobilenet_v2" in " ".join(
        answer.err.split()
    )
    own.write_text("model,top1\nresnet18,0.715\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert (answer.code, answer.out) == (2, "")
    assert "Write percent" in answer.err
    own.write_text("model,top1\nresnet18,171.5\n")
    answer = lightbench("report", tmp_path / "s.jsonl", "--accuracy", own)
    assert (answer.code, answer.out) == (2, "")
    assert "own.csv" in answer.err
