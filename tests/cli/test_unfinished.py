"""A command that is killed while it measures goes on from where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psutil
import pytest

from lightbench.cli.unfinished import Unfinished
from lightbench.records import store
from lightbench.runner.control import unkept
from lightbench.workers import journal

NET = """
import os, signal, time
from pathlib import Path
from torch import nn

began, mark = time.monotonic(), Path(__file__).with_name("killed")


class Net(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 1)

    def forward(self, x):
        if x.device.type != "meta":
            time.sleep(0.01)
            if not mark.exists() and time.monotonic() - began > 3 and [*mark.parent.glob(".*.part")]:
                mark.touch()
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(x)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="commands are not supervised here")
def test_a_run_that_was_killed_goes_on_and_ends_with_all_of_its_rounds(tmp_path):
    (tmp_path / "net.py").write_text(NET)

    def profile():
        words = ("profile", "net.py:Net", "--input", "3x8x8", "--threads", "1", "--seconds", "5")
        return subprocess.run(
            [sys.executable, "-P", "-m", "lightbench", *words, "--rel", "0.000001", "--store", "runs.jsonl"],
            cwd=tmp_path, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    assert profile().returncode == -9
    (part,) = tmp_path.glob(".runs.jsonl.*.part")
    (before,) = (r for r in store.read(part) if r.case.model == "net.py:Net")
    assert before.samples.stop == "interrupted"
    done = profile()
    assert done.returncode == 0, done.stderr
    (record,) = (r for r in store.read(tmp_path / "runs.jsonl") if r.case.model == "net.py:Net")
    taken = len(before.samples.wall_s)
    assert record.samples.wall_s[:taken] == before.samples.wall_s
    assert len(record.samples.wall_s) > taken
    assert record.run.id == before.run.id
    assert [said for said in record.warnings if said.startswith("continued: ")]
    assert not list(tmp_path.glob(".*.part"))


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr("lightbench.cli.unfinished.EVERY_S", 0.0)


def test_it_is_written_now_and_then_and_not_after_every_round(tmp_path, make_record):
    asked = []
    unfinished = Unfinished(str(tmp_path / "runs.jsonl"))
    for _ in range(1000):
        unfinished(lambda: asked.append(1) or [make_record("a")])
    assert asked == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_that_lives_writes_is_not_taken(tmp_path, make_record, at_once):
    unfinished = Unfinished(str(tmp_path / "runs.jsonl"))
    unfinished(lambda: [make_record("a")])
    (part,) = tmp_path.glob(".*.part")
    assert Unfinished(str(tmp_path / "runs.jsonl")).stored() == []
    gone = part.rename(tmp_path / ".runs.jsonl.1-7.part")
    assert Unfinished(str(tmp_path / "runs.jsonl")).stored() == [make_record("a")]
    assert not gone.exists()
    assert Unfinished(str(tmp_path / "other.jsonl")).stored() == []


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="needs POSIX")
def test_what_a_process_has_left_that_is_dead_and_that_nobody_has_taken_note_of_is_taken(
    tmp_path, make_record, at_once
):
    """As below a first process that is slow to do so, in a container."""
    Unfinished(str(tmp_path / "runs.jsonl"))(lambda: [make_record("a")])
    (part,) = tmp_path.glob(".*.part")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        began = psutil.Process(process.pid).create_time()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        part.rename(tmp_path / f".runs.jsonl.{process.pid}-{began:.0f}.part")
        assert Unfinished(str(tmp_path / "runs.jsonl")).stored() == [make_record("a")]


def test_what_another_command_was_quicker_to_take_is_its_own(tmp_path, monkeypatch):
    gone = tmp_path / ".runs.jsonl.1-7.part"
    monkeypatch.setattr("lightbench.cli.unfinished._abandoned", lambda _path: [gone])
    assert Unfinished(str(tmp_path / "runs.jsonl")).stored() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_cut_or_is_none_of_ours_does_no_harm(tmp_path, make_record):
    for name, text in {"1-7": '{"id":"00', "no": "hello", "2-": ""}.items():
        (tmp_path / f".runs.jsonl.{name}.part").write_text(text)
    unfinished = Unfinished(str(tmp_path / "runs.jsonl"))
    assert unfinished.stored() == []
    unfinished.done()
    assert not list(tmp_path.glob(".*.part"))


def test_where_nothing_is_stored_the_next_process_of_the_command_is_told(
    make_record, at_once, monkeypatch
):
    monkeypatch.setattr(journal, "_kept", [journal.Journal()])
    unfinished = Unfinished(None)
    assert unfinished.stored() == []
    unfinished.told([], unkept)["keep"](make_record("a"))
    unfinished(lambda: [make_record("b", stop="interrupted")])
    again = Unfinished(None)
    assert [r.case.model for r in again.stored()] == ["a", "b"]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, make_record, at_once):
    Unfinished(str(tmp_path / "none" / "runs.jsonl"))(lambda: [make_record("a")])


def test_the_file_of_a_store_is_lines_of_json(tmp_path, make_record, at_once):
    Unfinished(str(tmp_path / "runs.jsonl"))(lambda: [make_record("a"), make_record("b")])
    (part,) = tmp_path.glob(".*.part")
    assert [json.loads(line)["case"]["model"] for line in part.read_text().splitlines()] == [
        "a",
        "b",
    ]
