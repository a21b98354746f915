"""A network that ends, hangs or leaves the process that measures it is a row with its reason, and the others are measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("forked"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here"),
]

NETS = """
import ctypes, os, signal, sys, time
from pathlib import Path
import torch
from torch import nn


class Good(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 1)
        self.calls = 0

    def forward(self, x):
        if x.device.type != "meta":
            self.calls += 1
            self.misbehave()
        return super().forward(x)

    def misbehave(self):
        pass


class Crashes(Good):
    def misbehave(self):
        ctypes.string_at(0)


class LeavesItsExporter(Good):
    def misbehave(self):
        if torch.compiler.is_exporting():
            os._exit(7)


class Leaves(Good):
    def misbehave(self):
        if self.calls > 20:
            os._exit(0)


class Hangs(Good):
    def misbehave(self):
        Path(__file__).with_name("called").touch()
        time.sleep(600)


class Interrupts(Good):
    def misbehave(self):
        if self.calls > 20:
            raise KeyboardInterrupt


class Mute(Good):
    def misbehave(self):
        class Silent(Exception):
            def __str__(self):
                raise ValueError("no")

        raise Silent


class Endless(Good):
    def misbehave(self):
        raise ValueError("x" * 10_000_000)
"""
BAD = {
    "Crashes": "killed by SIGSEGV, in its first call",
    "Leaves": "ended the process with exit code 0, while it was timed",
    "Hangs": "took longer than 5 s (--timeout), in its first call",
    "Interrupts": "KeyboardInterrupt",
    "Mute": "Silent",
    "Endless": "ValueError: xxx",
}
RUN = ("--input", "3x8x8", "--threads", "1", "--seconds", "0.2", "--rel", "0.5")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "leaves.py").write_text("import os\n\nos._exit(0)\n")
    return tmp_path


def lightbench(folder, *words):
    return subprocess.run(
        [sys.executable, "-P", "-m", "lightbench", *words],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_each_is_a_row_with_its_reason_and_the_good_one_is_measured(folder):
    names = [f"nets.py:{name}" for name in (*BAD, "Good")]
    done = lightbench(
        folder,
        "profile",
        *names,
        *RUN,
        "--timeout",
        "5",
        "--store",
        "runs.jsonl",
        "--format",
        "json",
    )
    assert done.returncode == 3, done.stderr
    rows = {row["case"]["model"].partition(":")[2]: row for row in json.loads(done.stdout)}
    assert list(rows) == [*BAD, "Good"]
    for name, why in BAD.items():
        assert why in rows[name]["failure"]["message"], name
        assert len(rows[name]["failure"]["message"]) < 2_000
    assert rows["Good"]["latency"]["median_s"] > 0
    assert "Traceback" not in done.stderr
    kept = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    asked = [r["case"]["model"] for r in kept if not (r["run"] and r["run"]["anchor"])]
    assert sorted(asked) == sorted(names)  # each once


def test_one_that_ends_the_process_while_an_engine_converts_it_is_a_row_of_that_engine(folder):
    pytest.importorskip("onnxscript", reason="needs onnx and onnxscript")
    words = ("nets.py:LeavesItsExporter", *RUN, "--engine", "eager,onnxruntime")
    done = lightbench(folder, "profile", *words, "--format", "json")
    assert done.returncode == 3, done.stderr
    rows = {row["case"]["engine"]: row for row in json.loads(done.stdout)}
    message = rows["onnxruntime"]["failure"]["message"]
    assert message == (
        "nets.py:LeavesItsExporter on onnxruntime ended the process with exit code 7, while it was converted."
    )
    assert rows["eager"]["latency"]["median_s"] > 0


@pytest.mark.parametrize("command", ["count", "layers", "lint"])
def test_a_file_that_leaves_at_import_is_an_error_and_no_exit_code_0(folder, command):
    done = lightbench(folder, command, "leaves.py:Net", "--input", "3x8x8")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "ended the process with exit code 0, while it was loaded" in done.stderr


@pytest.mark.parametrize(
    ("a", "b"), [("nets.py:Good", "leaves.py:Net"), ("nets.py:Crashes", "nets.py:Good")]
)
def test_a_side_that_ends_the_process_is_not_comparable_whichever_it_is(folder, a, b):
    done = lightbench(folder, "compare", a, b, "--input", "3x8x8", "--format", "json")
    assert done.returncode == 4, done.stderr
    found = json.loads(done.stdout)
    assert found["verdict"] == "not comparable"
    said = [found["comparison"][side]["failure"] for side in "ab"]
    assert [bool(failure and "ended the process" in failure["message"]) for failure in said] == [
        a != "nets.py:Good",
        b != "nets.py:Good",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_command_alone_ends_it_and_leaves_nothing(folder, number):
    words = [sys.executable, "-P", "-m", "lightbench", "profile", "nets.py:Hangs", *RUN]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not (folder / "called").exists() and time.monotonic() < until:
            time.sleep(0.05)
        below = psutil.Process(process.pid).children(recursive=True)
        assert below
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert not [one for one in below if one.is_running()]
