"""Closed streams, full disks and pipes: no result that has a file is lost, and nothing waits for ever."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lightbench.cli import run
from lightbench.records import store

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
LIGHTBENCH = f"{shlex.quote(sys.executable)} -m lightbench"


@pytest.fixture
def runs(tmp_path, make_record):
    file = tmp_path / "runs.jsonl"
    store.append(file, [make_record("net")])
    return file


def shell(line, folder):
    """The code and stderr of a command with redirections."""
    command = ["bash", "-c", f"{LIGHTBENCH} {line}"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", [">&-", ">/dev/full", ">&- 2>&- <&-", ">&- 2>/dev/full"])
def test_an_answer_that_has_a_file_needs_no_stdout(where, runs, tmp_path):
    code, _ = shell(f"report runs.jsonl -o a.html -o b.md {where}", tmp_path)
    assert code == 0
    assert (tmp_path / "a.html").read_text().rstrip().endswith("</html>")
    assert "net" in (tmp_path / "b.md").read_text()


@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
@pytest.mark.parametrize(
    "line", ["report runs.jsonl", "list models", "--help", "--version", "completion bash"]
)
def test_an_answer_that_cannot_be_printed_is_2_and_says_so(line, where, runs, tmp_path):
    code, said = shell(f"{line} {where}", tmp_path)
    assert code == 2
    assert said.startswith("lightbench: cannot write the answer: ")
    assert "Traceback" not in said


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_an_error_that_nobody_can_read_keeps_its_code(where, tmp_path):
    assert shell(f"report missing.jsonl {where}", tmp_path)[0] == 2


LOUD = """
import atexit, ctypes, os
from torch import nn
libc = ctypes.CDLL(None)
def everywhere(when):
    print(f"print {when}")
    os.system(f"echo child {when}")
    os.write(1, f"write {when}\\n".encode())
    libc.puts(f"C {when}".encode())
everywhere("at import")
atexit.register(everywhere, "at exit")
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.a = nn.Linear(4, 2); everywhere("at build")
    def forward(self, x):
        everywhere("in forward"); return self.a(x)
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_what_a_network_writes_below_python_is_no_part_of_the_answer(
    quiet, tmp_path, capfd, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(LOUD.replace('atexit.register(everywhere, "at exit")', ""))
    assert run(["count", "net.py:Net", "--input", "4", "--format", "json", *["-q"] * quiet]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)[0]["madds"] == 8
    heard = {
        line for line in err.splitlines() if line.split()[0] in {"print", "child", "write", "C"}
    }
    moments = ("at import", "at build", "in forward")
    said = {f"{how} {when}" for how in ("print", "child", "write", "C") for when in moments}
    assert heard == (set() if quiet else said)


@pytest.mark.slow
def test_what_it_writes_when_the_process_ends_is_not_either(tmp_path):
    (tmp_path / "net.py").write_text(LOUD)
    line = "count net.py:Net --input 4 --format csv -q -o /dev/stdout > answer.csv"
    code, err = shell(line, tmp_path)
    assert code == 0
    assert len((tmp_path / "answer.csv").read_text().splitlines()) == 2
    assert {"print at exit", "child at exit", "write at exit", "C at exit"} <= {*err.splitlines()}


@pytest.mark.slow
def test_a_figure_is_drawn_before_the_answer_is_printed(runs, tmp_path):
    code, _ = shell("history runs.jsonl --figure h.svg >/dev/full", tmp_path)
    assert code == 2
    assert (tmp_path / "h.svg").stat().st_size > 1_000


def test_a_reader_that_leaves_changes_no_exit_code(lightbench, runs, monkeypatch):
    class Gone:
        encoding = "utf-8"

        def write(self, _text):
            raise BrokenPipeError

        flush = isatty = fileno = lambda self: 0

    monkeypatch.setattr("lightbench.cli.output.click.echo", lambda *_, **__: Gone().write(""))
    monkeypatch.setattr("lightbench.cli.output.streams.drop", lambda _stream: None)
    runs.write_bytes(runs.read_bytes() + b"{}\n")
    assert lightbench("store", "verify", runs, "-q").code == 2


# Pipes.


@pytest.fixture
def pipe(tmp_path):
    """A pipe that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize(
    "line",
    [
        "profile example_conv_g4 --device null --store {}",
        "layers example_conv_g4 --measure --store {}",
        "lint example_conv_g4 --store {}",
        "count example_conv_g4 --crosscheck --store {}",
        "check example_conv_g4 --store {}",
        "sweep groups --store {}",
        "guidelines --store {}",
        "baseline save example_conv_g4 -o {}",
        "baseline save example_conv_g4 --add -o {}",
    ],
)
@pytest.mark.parametrize("place", ["pipe", "/dev/null"])
def test_a_pipe_or_a_device_is_no_store(line, place, lightbench, pipe):
    name = pipe if place == "pipe" else place
    answer = lightbench(*line.format(name).split())
    assert answer.code == 2
    assert "cannot be a store: it is a pipe or a device" in answer.err


def test_a_suite_that_is_a_pipe_is_refused_by_a_report(lightbench, pipe):
    answer = lightbench("report", "--suite", pipe)
    assert answer.code == 2
    assert "is a pipe, and a report reads its suite more than once" in answer.err


def fed(pipe, content):
    threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()


@pytest.mark.parametrize("line", ["report {}", "history {}", "store verify {}", "baseline show {}"])
def test_records_may_come_through_a_pipe(line, lightbench, pipe, runs):
    fed(pipe, runs.read_bytes())
    answer = lightbench(*line.format(pipe).split())
    assert answer.code == 0, answer
    assert answer.out


def test_accuracies_and_a_suite_may_come_through_a_pipe(lightbench, pipe, runs):
    fed(pipe, b"model,top1\nnet,71.25\n")
    assert "71.25" in lightbench("report", runs, "--accuracy", pipe, "--format", "json").out
    fed(pipe, b"models = ['example_conv_g4']\nseconds = 0.05\n")
    assert lightbench("profile", "--suite", pipe, "--device", "null").code == 0
