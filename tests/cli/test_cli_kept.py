"""The command line: what it keeps, and reports of that."""

from __future__ import annotations

import json

import pytest
from quick_profile import NET, QUICK, asked

from lightbench.cli.output import say_reused
from lightbench.records import store

# What is kept.


def ids(answer):
    return [record["id"] for record in json.loads(answer.out)]


def test_the_same_again_measures_nothing_and_another_batch_is_measured(lightbench, tmp_path):
    path = tmp_path / "deep" / "s.jsonl"
    command = ("profile", NET, *QUICK, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    assert ids(lightbench(*command)) == first
    assert len(asked(path)) == 1
    more = ids(lightbench(*command, "--batch", "1,2"))
    assert more[0] == first[0]
    assert [record.case.batch for record in asked(path)] == [1, 2]
    assert store.verify(path) == []


def test_a_case_that_failed_is_tried_again(lightbench, tmp_path, nets):
    path = tmp_path / "s.jsonl"
    for _ in range(2):
        lightbench("profile", f"{nets}:Bad", "--input", "3x8x8", "--store", path)
    assert [record.status for record in store.read(path)] == ["failed", "failed"]


def test_a_store_whose_last_record_was_cut_short_is_named_in_one_line_and_used(
    lightbench, tmp_path
):
    path = tmp_path / "s.jsonl"
    command = ("profile", NET, *QUICK, "--store", path, "--format", "json")
    first = ids(lightbench(*command))
    with path.open("a") as file:
        file.write('{"id":"0123456789abcdef","schema"')
    line = len(path.read_text().splitlines())
    answer = lightbench(*command)
    assert ids(answer) == first
    assert answer.err == (
        f"lightbench: {path}:{line}: skipped a record that was cut short.\n"
        "lightbench: stored: 1 of 1.\n"
    )


def test_an_output_or_store_that_cannot_be_written_is_said_before_anything_is_measured(
    lightbench, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    (tmp_path / "file").touch()
    for option in (("-o", "file/x.json"), ("--store", "file/x.jsonl"), ("--store", ".")):
        answer = lightbench("profile", NET, option[0], tmp_path / option[1])
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.count("\n") == 2, answer.err
        assert str(tmp_path) in answer.err


# Reports.


def test_a_report_of_stored_records_shows_them_and_the_machine(lightbench, tmp_path, make_record):
    path = tmp_path / "s.jsonl"
    store.append(path, [make_record("net_a"), make_record("net_b", failure="no memory.")])
    answer = lightbench("report", path)
    assert answer.code == 0
    assert all(text in answer.out for text in ("net_a", "net_b", "no memory.", "Example CPU"))


def test_a_report_in_a_file_has_its_figure_beside_it(lightbench, tmp_path, make_record):
    store.append(tmp_path / "s.jsonl", [make_record("net_a"), make_record("net_b")])
    answer = lightbench("report", tmp_path / "s.jsonl", "-o", tmp_path / "new" / "r.md")
    assert (answer.code, answer.out) == (0, "")
    assert "](r-latency.svg)" in (tmp_path / "new" / "r.md").read_text()
    assert (tmp_path / "new" / "r-latency.svg").read_text().lstrip().startswith("<?xml")


def test_how_many_stored_times_are_not_to_be_believed_is_said(make_record, capsys):
    stored = [
        make_record("a"), make_record("b", warnings=("contended: others.",)),
        make_record("c", warnings=("suspect: it remembers.",)), make_record("d", stop="max_seconds"),
    ]  # fmt: skip
    say_reused([*stored, make_record("e")], stored, quiet=False)
    assert capsys.readouterr().err == (
        "lightbench: stored: 4 of 5; 3 of them not converged, contended or suspect, which --force"
        " measures again.\n"
    )


def test_a_report_of_a_suite_measures_it_once(lightbench, tmp_path):
    suite = tmp_path / "s.toml"
    suite.write_text(f'models = ["{NET}"]\nbatch = [1, 2]\nseconds = 0.05\n')
    command = ("report", "--suite", suite, "--device", "null", "--store", tmp_path / "r.jsonl")
    assert lightbench(*command).code == 0
    assert lightbench(*command).code == 0
    assert len(asked(tmp_path / "r.jsonl")) == 2
