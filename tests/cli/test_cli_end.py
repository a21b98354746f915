"""The command line: how it ends, and with which code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quick_profile import NET, QUICK, asked

from lightbench import cli as commands
from lightbench.cli.output import exit_code
from lightbench.records import store
from lightbench.runner.run import Interrupted

ROOT = Path(__file__).parents[2]


def process(*arguments, **settings):
    code = "from lightbench.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **{**pipes, **settings})


# How it ends.


@pytest.mark.parametrize(
    ("failures", "cases", "code"),
    [([], 2, 0), ([2], 2, 3), ([2, 2], 2, 2), ([2, 3], 2, 3), ([4, 4], 2, 4), ([3], 1, 3)],
)
def test_the_exit_code_is_the_failures_own_only_if_all_failed_alike(failures, cases, code):
    assert exit_code(failures, cases) == code


def test_with_several_models_one_that_fails_is_a_row_and_the_rest_go_on(lightbench):
    answer = lightbench("profile", "resnet5", NET, *QUICK)
    assert answer.code == 3
    assert answer.err == ""
    assert "no model is called 'resnet5'. Did you mean resnet50" in " ".join(answer.out.split())
    assert " 1.00 " in answer.out
    assert lightbench("count", "resnet5", NET).code == 3


@pytest.mark.parametrize("command", [["profile"], ["count"], ["count", "--convention", "all"]])
def test_models_that_all_fail_alike_give_their_code_and_no_empty_table(command, lightbench):
    answer = lightbench(*command, "nope", "nada")
    assert (answer.code, answer.out) == (2, "")
    assert all(f"no model is called '{name}'" in answer.err for name in ("nope", "nada"))
    document = lightbench(*command, "nope", "nada", "--format", "json")
    assert document.code == 2
    assert len(json.loads(document.out)) in (0, 2)


def test_one_median_of_the_null_device_is_exactly_a_millisecond(lightbench):
    (record,) = json.loads(lightbench("profile", NET, *QUICK, "--format", "json").out)
    latency = record["latency"]
    assert latency["median_s"] == latency["low_s"] == latency["high_s"] == 0.001
    assert record["samples"]["stop"] == "converged"


def test_a_fault_of_our_own_shows_its_traceback_and_asks_for_a_report(lightbench, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("lightbench.formats.table.render", broken)
    answer = lightbench("count", NET)
    assert (answer.code, answer.out) == (70, "")
    assert "Traceback" in answer.err
    assert "ZeroDivisionError: a bug" in answer.err
    assert "Please report it" in answer.err.splitlines()[-1]


def test_main_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lightbench", "count", "nope"])
    with pytest.raises(SystemExit) as end:
        commands.main()
    assert end.value.code == 2


def test_a_network_that_reads_arguments_while_it_runs_gets_none_of_ours(monkeypatch, tmp_path):
    net = tmp_path / "net.py"
    net.write_text(
        "import argparse\nfrom torch import nn\nclass Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(8, 8)\n"
        "    def forward(self, x):\n        argparse.ArgumentParser().parse_args()\n"
        "        return super().forward(x)\n"
    )
    typed = ["lightbench", "count", f"{net}:Net", "--input", "8", "-q"]
    monkeypatch.setattr(sys, "argv", typed)
    with pytest.raises(SystemExit) as end:
        commands.main()
    assert end.value.code == 0


def test_ctrl_c_anywhere_is_130_and_no_traceback(lightbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lightbench.studies.count.api.count", interrupted)
    assert lightbench("count", NET) == (130, "", "\nlightbench: interrupted\n")


def test_ctrl_c_prints_what_was_finished(lightbench, monkeypatch, make_record):
    def interrupted(*_, **__):
        raise Interrupted([make_record("finished")])

    monkeypatch.setattr("lightbench.runner.run.run", interrupted)
    answer = lightbench("profile", NET, "--format", "json")
    assert answer.code == 130
    assert [record["case"]["model"] for record in json.loads(answer.out)] == ["finished"]
    assert "interrupted" in answer.err


@pytest.mark.parametrize("arguments", [["--help"], ["list", "models", "--format", "json"]])
def test_a_reader_that_leaves_ends_it_quietly(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    child = process(*arguments, stdout=writing)
    os.close(writing)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")


@pytest.mark.alone
def test_sigint_in_the_rounds_ends_within_two_seconds_and_keeps_the_cases(tmp_path):
    started, path = tmp_path / "started", tmp_path / "s.jsonl"
    (tmp_path / "net.py").write_text(
        "from pathlib import Path\n"
        "from torch import nn\n"
        "class Net(nn.Conv2d):\n"
        "    calls = 0\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "    def forward(self, x):\n"
        "        Net.calls += 1\n"
        f"        if Net.calls == 20_000: Path({str(started)!r}).touch()\n"
        "        return super().forward(x)\n"
    )
    child = process(
        "profile", f"{tmp_path}/net.py:Net", "nope", "--input", "3x8x8", "--threads", "1",
        "--rel", "1e-9", "--seconds", "100", "--store", path, "--format", "json",
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not started.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=2)
    assert child.returncode == 130
    assert "Traceback" not in err
    kept = [record.case.model for record in asked(path)]
    assert sorted(kept) == sorted(record["case"]["model"] for record in json.loads(out))
    stops = {record.samples.stop for record in store.read(path) if record.samples}
    assert stops == {"interrupted"}
