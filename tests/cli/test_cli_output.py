"""The command line: where output goes, and that each format is whole there."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
from markdown_it import MarkdownIt
from quick_profile import NET, QUICK

# Where output goes.


def test_json_is_one_document_also_with_warnings_and_failures_and_networks_that_print(
    lightbench, nets
):
    answer = lightbench(
        "profile", f"{nets}:Bad", f"{nets}:NaN", "nope", "--input", "3x8x8",
        "--seconds", "0.05", "--threads", "1", "--format", "json",
    )  # fmt: skip
    bad, nan, unknown = json.loads(answer.out)
    assert answer.code == 3
    assert "IndexError: no such layer" in bad["failure"]["message"]
    assert any("NaN" in warning for warning in nan["warnings"])
    assert unknown["failure"]["error"] == "UnknownName"
    assert "a file of the user says hello" in answer.err


@pytest.mark.parametrize("command", [["count"], ["layers"], ["count", "--convention", "all"]])
def test_what_a_network_prints_is_not_in_the_answer(command, lightbench, nets):
    answer = lightbench(*command, f"{nets}:Good", "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)
    assert "hello" in answer.err


def test_json_is_one_document_if_nothing_worked(lightbench):
    answer = lightbench("profile", "nope", "--format", "json")
    assert answer.code == 2
    assert [record["status"] for record in json.loads(answer.out)] == ["failed"]
    assert answer.err.startswith("lightbench: no model is called 'nope'.")


def test_json_lines_are_the_lines_of_the_store(lightbench, tmp_path):
    path = tmp_path / "s.jsonl"
    lines = lightbench(
        "profile", NET, "--batch", "1,2", *QUICK, "--store", path, "--format", "jsonl"
    )
    found = [json.loads(line) for line in lines.out.splitlines()]
    stored = [json.loads(line) for line in path.read_text().splitlines()]
    assert found == [record for record in stored if not record["run"]["anchor"]]
    assert len(lines.out.splitlines()) == 2


def test_csv_re_reads_as_one_row_a_case_with_seconds(lightbench):
    rows = list(csv.DictReader(io.StringIO(lightbench(
        "profile", NET, "--batch", "1,4", *QUICK, "--format", "csv").out)))  # fmt: skip
    assert [(row["model"], row["batch"]) for row in rows] == [(NET, "1"), (NET, "4")]
    assert {float(row["latency_s"]) for row in rows} == {0.001}
    assert [float(row["throughput_img_s"]) for row in rows] == [1000, 4000]


def test_markdown_is_a_table(lightbench):
    answer = lightbench("profile", NET, *QUICK, "--format", "markdown")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(answer.out)
    assert [token.type for token in tokens].count("table_open") == 1


@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".json", "json"),
        (".jsonl", "jsonl"),
        (".csv", "csv"),
        (".md", "markdown"),
        (".txt", "table"),
    ],
)
def test_the_file_name_chooses_the_format_and_stdout_stays_empty(
    suffix, form, lightbench, tmp_path
):
    file = tmp_path / "new" / f"out{suffix}"
    answer = lightbench("count", NET, "-o", file)
    assert answer == (0, "", "")
    assert file.read_text() == lightbench("count", NET, "--format", form).out


def test_format_wins_over_the_file_name(lightbench, tmp_path):
    lightbench("count", NET, "-o", tmp_path / "out.txt", "--format", "json")
    assert json.loads((tmp_path / "out.txt").read_text())[0]["model"] == NET


def test_a_file_of_a_run_that_was_refused_stays_as_it_was(lightbench, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("precious")
    for file in (old, new):
        assert lightbench("profile", NET, "--batch", "0", "-o", file).code == 2
    assert old.read_text() == "precious"
    assert not new.exists()


def test_there_is_no_progress_in_a_pipe_even_if_colour_is_forced(lightbench, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert lightbench("profile", NET, *QUICK).err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("quiet", "expected"), [([], True), (["--quiet"], False)])
def test_progress_goes_to_stderr_on_a_terminal_unless_quiet(
    quiet, expected, lightbench, monkeypatch
):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    answer = lightbench("profile", NET, *QUICK, "--format", "json", *quiet)
    assert json.loads(answer.out)
    assert bool(terminal.getvalue()) is expected  # which frame is painted is a matter of timing


def test_the_progress_line_says_how_far_the_rounds_are():
    from lightbench.cli.progress import line, rounds
    from lightbench.timing.stopping import Progress

    assert line(rounds(Progress(1.0, 0.05, 1, None)), 80) == "round 1, 50.0 ms left"
    said = line(rounds(Progress(1.0, 4.0, 40, 0.02)), 80)
    assert said == "round 40, 4.00 s left, widest interval +-2.0 %"
    assert line(rounds(Progress(1.0, 4.0, 40, 0.02)), len(said)) == said
    assert line(rounds(Progress(1.0, 4.0, 40, 0.02)), len(said) - 1) == "round 40, 4.00 s left"


def test_count_shows_the_known_numbers_and_layers_add_up_to_them(lightbench):
    # 3x3, 16 -> 32 channels in 4 groups at 224x224: 224^2 * 32 * 9 * 16 / 4, and a bias each
    (costs,) = json.loads(lightbench("count", NET, "--format", "json").out)
    assert costs["madds"] == 224**2 * 32 * 9 * 4
    assert costs["params"] == 32 * 9 * 4 + 32
    layers = json.loads(lightbench("layers", "mobilenet_v1", "--format", "json").out)
    (costs,) = json.loads(lightbench("count", "mobilenet_v1", "--format", "json").out)
    assert sum(layer.get("madds", 0) for layer in layers) == costs["madds"]


def test_layers_can_be_sorted_and_cut(lightbench):
    arguments = ("layers", "mobilenet_v1", "--sort", "madds", "--top", "3", "--format", "json")
    madds = [row["madds"] for row in json.loads(lightbench(*arguments).out)]
    assert len(madds) == 3
    assert madds == sorted(madds, reverse=True)
