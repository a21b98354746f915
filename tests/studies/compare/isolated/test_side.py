"""The processes of the two sides, played by a script: what they are asked, and how they end."""

from __future__ import annotations

import stat
import sys

import msgspec
import psutil
import pytest
from two_sides import request

from lightbench.errors import NotAvailable, UsageError
from lightbench.studies.compare.isolated import pairs as isolate
from lightbench.studies.compare.isolated import side as child
from lightbench.studies.compare.isolated.pairs import compare_isolated

SCRIPT = """#!{python}
import json, os, signal, sys, time
task = json.load(sys.stdin)
lines, tokens = map(int, sys.argv[-2:])
label, record = task["version"]["label"], json.loads({record!r})
noted = {{name: os.environ.get(name) for name in ("PYTHONHASHSEED", "LIGHTBENCH_WORKER", "OMP_WAIT_POLICY")}}
environment = {{**record["environment"], "noted": noted}}
environment["comparable"]["torch"] = {torch!r}
record["environment"] = environment

def send(kind, value):
    os.write(lines, json.dumps([kind, value]).encode() + b"\\n")

def load():
    send("hello", {{"protocol": 1, "lightbench": "0.1.0"}})
    send("here", {{"environment": environment, "pinned": True}})
    send("ready", {{**record, "samples": None, "latency": None}})

def play(time_s):
    times = []
    while (token := os.read(tokens, 1)) != b"f":
        if token in b"tu":
            times.append(time_s)
        time.sleep(0.001)
        send("reading", [time_s, time_s, None, None, None, None, None])
    samples = {{**record["samples"], "wall_s": times, "cpu_s": times}}
    send("record", {{**record, "samples": samples}})
    send("end", "done")

"""


@pytest.fixture
def script(tmp_path, make_record):
    """A program in place of Python, by its path. It plays the process of a side."""

    def write(code, torch="2.13.0", name="python"):
        file = tmp_path / name
        record = msgspec.json.encode(make_record(comparable={"threads": 1})).decode()
        file.write_text(SCRIPT.format(python=sys.executable, record=record, torch=torch) + code)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(file)

    return write


@pytest.fixture(autouse=True)
def none_is_left(tmp_path):
    ours = psutil.Process()
    before = {*ours.children(recursive=True)}  # another test may have failed to end its own
    yield
    assert {*ours.children(recursive=True)} - before == set()
    forked = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or ())
    ]
    assert psutil.wait_procs(forked, timeout=10)[1] == []  # they are killed, and end in their time


def played(old, new=None, **settings):
    return compare_isolated(
        request(threads=1), restarts=2, most=2, seconds=0.05, python=(old, new or old), **settings
    )


def test_a_side_that_takes_longer_is_slower(script):
    now = script("load(); play(0.0101)", name="old")
    found = played(now, script("load(); play(0.0202)", name="new"))
    assert found.ratio.ratio == pytest.approx(2.0)
    assert found.names == ("old", "new")
    assert len(found.a.samples.wall_s) == len(found.b.samples.wall_s) > 2
    assert (found.restarts, found.clock) == (2, "cpu")


def test_what_differs_between_the_environments_is_said(script):
    old = script("load(); play(0.01)", torch="2.10.0", name="old")
    found = played(old, script("load(); play(0.01)"))
    assert found.a.environment.comparable["torch"] == "2.10.0"
    assert found.b.environment.comparable["torch"] == "2.13.0"
    assert "torch differs: 2.10.0 and 2.13.0." in found.warnings


def test_each_process_has_hashes_of_its_own_and_lets_the_other_one_run(script, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    found = played(script("load(); play(0.01)"))
    assert found.a.environment.noted == {
        "PYTHONHASHSEED": None,
        "LIGHTBENCH_WORKER": "1",  # it starts no further process
        "OMP_WAIT_POLICY": "passive",
    }


def test_later_processes_make_as_many_calls_as_the_first_and_any_side_may_start_first(
    script, monkeypatch
):
    tasks, started = [], isolate.started

    def noted(key, task, python):
        tasks.append((key, task.calls_per_sample))
        return started(key, task, python)

    monkeypatch.setattr(isolate, "started", noted)
    file = script('record["samples"]["calls_per_sample"] = 7; load(); play(0.01)')
    compare_isolated(request(), restarts=8, most=8, seconds=0.001, python=(file, file))
    assert [calls for _, calls in tasks] == [None] * 2 + [7] * 14
    assert {key for key, _ in tasks[::2]} == {"a", "b"}


def test_progress_goes_on_over_restarts(script):
    seen, said = [], []
    played(script("load(); play(0.01)"), progress=seen.append, say=said.append)
    assert [state.rounds for state in seen] == sorted(state.rounds for state in seen)
    assert all(0 <= state.left_s <= 0.1 for state in seen)
    assert seen[0].done_s < 0.05 <= seen[-1].done_s
    assert said[0] == "restart 1 of 2"
    assert "restart 2 of 2" in said


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("load(); os.kill(os.getpid(), signal.SIGKILL)", "ended early: killed by SIGKILL"),
        ("load(); os.read(tokens, 1); os._exit(7)", "ended early: exit code 7"),
        ("load(); os.write(lines, b'[\"read'); os._exit(7)", "ended early: exit code 7"),
        ("load(); os.fork() or time.sleep(600); os._exit(7)", "ended early: exit code 7"),
    ],
)
def test_a_side_that_dies_is_not_comparable_and_says_how(script, code, ending):
    """In the last one what it has forked still holds its pipe."""
    found = played(script("load(); play(0.01)", name="old"), script(code))
    assert found.verdict == "not comparable"
    assert found.b.failure.message == f"the process of new {ending}."
    assert found.b.environment.comparable["torch"] == "2.13.0"
    assert found.a.failure is None


def test_a_side_whose_network_fails_in_its_turn_says_why(script, make_record):
    bad = msgspec.json.encode(make_record(failure="no more.")).decode()
    failing = script(f"load(); os.read(tokens, 1); send('record', json.loads({bad!r}))")
    found = played(script("load(); play(0.01)", name="old"), failing)
    assert found.verdict == "not comparable"
    assert (found.a.failure, found.b.failure.message) == (None, "no more.")


def test_a_side_that_hangs_is_not_waited_for_for_ever(script, monkeypatch):
    monkeypatch.setattr(child, "PATIENCE_S", 0.5)
    found = played(script("load(); time.sleep(600)", name="old"), script("load(); play(0.01)"))
    assert found.a.failure.message == "the process of old has said nothing for 500 ms."


@pytest.mark.slow
def test_ctrl_c_ends_both(script):
    stopping = script("load(); os.kill(os.getppid(), signal.SIGINT); time.sleep(600)")
    with pytest.raises(KeyboardInterrupt):
        played(script("load(); time.sleep(600)", name="old"), stopping)


def test_an_error_of_ours_ends_both_too(script):
    def fails(_state):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        played(script("load(); play(0.01)"), progress=fails)


def test_an_error_that_the_child_raises_is_raised_with_its_exit_code(script):
    code = 'send("hello", {"protocol": 1}); send("error", {"message": "no NPU.", "hint": "Try.", "exit_code": 4})'
    with pytest.raises(Exception, match=r"no NPU\.") as raised:
        played(script(code))
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "its process ended early: exit code 0"),
        ("raise SystemExit(3)", "its process ended early: exit code 3"),
        ('send("hello", {"protocol": 2, "lightbench": "9.1"})', "its lightbench is of version 9.1"),
        ("os.write(lines, b'hello\\n')", "cannot be read"),
        ("os.write(lines, b'[[[[\\xff\\n')", "cannot be read"),
        ("send('hello', 5)", "cannot be read"),
        ("send('error', {})", "cannot be read"),
        ("send('reading', [1])", "it says 'reading' instead of 'hello'"),
        ("send('hello', {'protocol': 1}); send('here', {'pinned': 1})", "cannot be read"),
        ("load = send('hello', {'protocol': 1}); send('record', {'schema': 99})", "cannot be read"),
    ],
)
def test_an_interpreter_that_cannot_be_asked_is_an_error_that_teaches(script, code, why):
    python = script(code)
    with pytest.raises(NotAvailable) as raised:
        played(python)
    assert raised.value.message.startswith(f"{python} cannot be asked to measure: ")
    assert why in raised.value.message
    assert "It needs lightbench 0.1.0" in raised.value.hint
    assert raised.value.exit_code == 4


def test_an_interpreter_without_lightbench_is_such_a_one(tmp_path, capfd):
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(NotAvailable, match="cannot be asked to measure"):
        played(str(bare))
    assert "No module named" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["nowhere/python", ".", "text"])
def test_what_is_no_program_is_a_usage_error(tmp_path, name):
    (tmp_path / "text").write_text("print(1)")
    with pytest.raises(UsageError, match="cannot start") as raised:
        played(str(tmp_path / name))
    assert "--old-python" in raised.value.hint
