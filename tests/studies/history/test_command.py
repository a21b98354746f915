"""`lightbench history`: its rows, how it is told what to show, and what it says where there is nothing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from histories import MACHINE, commit_of

ROOT = Path(__file__).parents[3]


# The command.


def test_the_exit_code_is_0_whatever_is_found(lightbench, keep, stepped):
    answer = lightbench("history", keep(stepped()))
    assert (answer.code, answer.err) == (0, "")
    assert "+10." in answer.out
    assert "advice" in answer.out
    assert commit_of(20)[:8] in answer.out


def test_a_row_says_what_the_series_says(lightbench, keep, stepped):
    records = stepped(machine=lambda d: {**MACHINE, "torch": "2.13.0" if d >= 20 else "2.12.0"})
    (row,) = csv.DictReader(
        io.StringIO(lightbench("history", keep(records), "--format", "csv").out)
    )
    first, last = records[0].latency.median_s, records[-1].latency.median_s
    assert (float(row["first_s"]), float(row["last_s"])) == (first, last)
    assert float(row["change"]) == pytest.approx(last / first - 1)
    assert (row["commits"], row["changes"]) == ("40", "1")
    assert row["changed_at"] == commit_of(20)[:8]
    assert float(row["by"]) == pytest.approx(0.1, abs=0.01)
    assert row["said"] == "advice, new torch"
    assert row["software"] == "torch 2.12.0 -> 2.13.0"


def test_a_count_says_by_how_much_to_the_last_digit(lightbench, keep, at):
    path = keep([at(1, params=4_000_000), at(2, params=4_000_001)])
    answer = lightbench("history", path, "--metric", "params")
    assert "4,000,001" in answer.out
    assert "exact" in answer.out
    assert "+1" in answer.out
    assert "advice" not in answer.out


def test_with_one_model_its_commits_are_listed(lightbench, keep, stepped):
    path = keep([*stepped("one"), *stepped("other")])
    rows = list(
        csv.DictReader(
            io.StringIO(lightbench("history", path, "--model", "one", "--format", "csv").out)
        )
    )
    assert [row["commit"] for row in rows] == [commit_of(day) for day in range(40)]
    assert [row["said"] for row in rows] == [""] * 20 + ["advice"] + [""] * 19
    people = lightbench("history", path, "--model", "one").out
    assert "Commits of one" in people
    both = lightbench("history", path, "--model", "one", "--model", "other").out
    assert "Commits" not in both


def test_machines_are_told_apart_by_what_differs(lightbench, keep, at):
    path = keep([at(1), at(2, machine={**MACHINE, "cpu": "Fast CPU"})])
    rows = list(csv.DictReader(io.StringIO(lightbench("history", path, "--format", "csv").out)))
    assert [row["machine"] for row in rows] == ["cpu Example CPU", "cpu Fast CPU"]


def test_several_stores_are_one_history(lightbench, keep, at):
    early, late = keep([at(1)], "a.jsonl"), keep([at(2)], "b.jsonl")
    answer = lightbench("history", late, early, "--format", "json")
    (one,) = json.loads(answer.out)["series"]
    assert [point["commit"] for point in one["commits"]] == [commit_of(1), commit_of(2)]


def test_a_device_is_chosen(lightbench, keep, at):
    path = keep([at(1), at(2, device="cuda")])
    rows = json.loads(lightbench("history", path, "--device", "cuda", "--format", "json").out)
    assert [one["case"]["device"] for one in rows["series"]] == ["cuda"]


def test_a_model_that_is_not_there_suggests_the_nearest(lightbench, keep, at):
    path = keep([at(1, "resnet18")])
    answer = lightbench("history", path, "--model", "resnet81")
    assert answer.code == 2
    assert "Did you mean resnet18?" in answer.err
    assert lightbench("history", path, "--device", "cuad").code == 2


def test_nothing_to_show_says_how_to_measure(lightbench, keep, at):
    answer = lightbench("history", keep([at(1, failure="out of memory.")]))
    assert answer.code == 2
    assert "lightbench profile" in answer.err
    assert lightbench("history").code == 2


def test_a_file_that_is_not_there_and_another_kind_of_figure_are_named(lightbench, keep, at):
    assert "nope.jsonl" in lightbench("history", "nope.jsonl").err
    answer = lightbench("history", keep([at(1)]), "--figure", "a.gif")
    assert (answer.code, ".svg" in answer.err) == (2, True)


def test_a_cut_line_is_said_on_stderr_and_the_rest_is_shown(lightbench, keep, at):
    path = keep([at(1)])
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    answer = lightbench("history", path)
    assert answer.code == 0
    assert answer.err == f"lightbench: {path}:2: skipped a record that was cut short.\n"


def test_few_commits_are_said_to_be_too_few_for_steps(lightbench, keep, at):
    path = keep([at(day) for day in range(15)])
    assert "fewer than 16 commits" in " ".join(lightbench("history", path).out.split())
    path = keep([at(15)])
    assert "fewer than" not in lightbench("history", path).out


def test_history_imports_no_torch_and_without_a_figure_no_matplotlib(keep, stepped):
    code = (
        "import sys; from lightbench.cli import run\n"
        "assert run(['history', sys.argv[1], '--model', 'net']) == 0\n"
        "sys.exit(' '.join({'torch', 'matplotlib', 'pandas', 'numpy'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(keep(stepped()))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
