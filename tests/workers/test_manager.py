"""The processes that lightbench starts: what they are given, what they say, and that nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
import pytest

from lightbench.errors import NotAvailable
from lightbench.workers import autoload, journal, manager
from lightbench.workers.manager import started

CHILD = """
import json, os, signal, sys, time
request = json.load(sys.stdin)
descriptors = [int(number) for number in sys.argv[1:]]

def send(kind, value):
    os.write(descriptors[0], json.dumps([kind, value]).encode() + b"\\n")

"""


def playing(code):
    return (sys.executable, "-c", CHILD + code)


def all_said(child):
    return list(iter(child.answer, None))


def test_a_request_arrives_however_long_it_is_and_so_does_what_is_said():
    text = "x" * 300_000  # more than a pipe holds
    with started(playing('send("a", request)\nsend("b", [1, None])'), text) as child:
        assert all_said(child) == [("a", text), ("b", [1, None])]
        assert child.ending() == "exit code 0"


def test_a_token_is_read_from_a_descriptor_of_its_own_which_only_who_wants_it_gets():
    code = 'send("token", os.read(descriptors[1], 1).decode())'
    with started(playing(code), tokens=True) as child:
        child.tell(b"t")
        assert all_said(child) == [("token", "t")]
        child.tell(b"t")  # nobody reads it, which is no error
    with started(playing('send("given", len(descriptors))')) as child:
        assert all_said(child) == [("given", 1)]


def test_its_environment_is_the_users_with_what_it_is_to_have_besides(monkeypatch):
    for name, value in {
        "KEPT": "1",
        "GONE": "1",
        autoload.USERS: "",
        autoload.VARIABLE: "0",
    }.items():
        monkeypatch.setenv(name, value)
    code = 'send("environ", dict(os.environ))'
    with started(playing(code), environ={"GONE": None, "NEW": "2"}) as child:
        ((_, found),) = all_said(child)
    assert (found["KEPT"], found["NEW"], found[manager.MARK]) == ("1", "2", "1")
    assert not {"GONE", autoload.USERS, autoload.VARIABLE} & found.keys()


def test_one_that_says_nothing_for_too_long_is_late_and_not_before_it_has_said_all():
    with started(playing('send("a", 1)\nsend("b", 2)\ntime.sleep(600)')) as child:
        assert [child.answer(60.0), child.answer(60.0)] == [("a", 1), ("b", 2)]
        with pytest.raises(TimeoutError):
            child.answer(0.1)


@pytest.mark.parametrize("line", [b"hello", b"[1]", b'["a", \xff]', b"{}"])
def test_a_line_that_is_none_of_ours_is_an_error(line):
    with (
        started(playing(f"os.write(descriptors[0], {line!r} + b'\\n')")) as child,
        pytest.raises(msgspec.MsgspecError),
    ):
        child.answer()


def test_what_was_begun_when_it_died_is_not_said():
    code = 'send("a", 1)\nos.write(descriptors[0], b\'["b", 2]\')\nos._exit(9)'
    with started(playing(code)) as child:
        assert all_said(child) == [("a", 1)]
        assert child.ending() == "exit code 9"


def test_all_that_was_said_is_heard_though_something_forked_holds_the_pipe():
    code = 'os.fork() or time.sleep(600)\nsend("pid", os.getpid())\nos._exit(3)'
    with started(playing(code)) as child:
        assert [kind for kind, _ in all_said(child)] == ["pid"]
        assert child.ending() == "exit code 3"
        group = [each for each in psutil.pids() if _group(each) == child.process.pid]
    assert group
    assert (
        psutil.wait_procs([psutil.Process(pid) for pid in group if psutil.pid_exists(pid)], 10)[1]
        == []
    )


def _group(pid):
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return None


def test_only_one_that_is_not_alone_is_in_our_group_which_ctrl_c_reaches():
    code = 'send("group", os.getpgid(0))'
    with started(playing(code)) as child:
        assert all_said(child) == [("group", child.process.pid)]
    with started(playing(code), alone=False) as child:
        assert all_said(child) == [("group", os.getpgid(0))]


def test_what_it_prints_is_kept_for_who_asks():
    code = "print('out', flush=True)\nsys.stderr.buffer.write(b'\\xff err\\n')\nsys.stderr.flush()\nsend('a', 1)\ntime.sleep(600)"
    with started(playing(code), words=True) as child:
        child.answer()
        assert child.words() == ["out", "\ufffd err"]
        assert child.ending() == "killed by SIGKILL"


def test_nothing_is_left_open_or_running_also_not_of_what_does_not_start(tmp_path):
    fds = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    before = len([*fds.iterdir()])
    with pytest.raises(OSError, match="no such file"), started([str(tmp_path / "no such file")]):
        pass
    with pytest.raises(KeyboardInterrupt), started(playing("time.sleep(600)"), words=True) as child:
        raise KeyboardInterrupt
    assert child.process.returncode < 0
    assert len([*fds.iterdir()]) <= before


def test_whoever_stops_listening_ends_the_child_before_it_has_done_its_work(tmp_path):
    done = tmp_path / "done"
    code = 'send("pid", os.getpid())\ntime.sleep(60)\nopen(request, "w").close()'
    (tmp_path / "sleeper.py").write_text(CHILD + code)
    environ = {"PYTHONPATH": str(tmp_path)}
    said = manager.answers("sleeper", str(done), environ, "nothing")
    kind, pid = next(said)
    assert kind == "pid"
    os.kill(pid, 0)  # it is there
    said.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not done.exists()


def test_a_child_that_says_nothing_for_too_long_is_ended_and_that_is_the_error(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(journal, "_limit_s", [journal.TIMEOUT_S])
    (tmp_path / "sleeper.py").write_text(CHILD + 'send("pid", os.getpid())\ntime.sleep(60)')
    said = manager.answers("sleeper", None, {"PYTHONPATH": str(tmp_path)}, "net.py:Net")
    _, pid = next(said)
    journal.limit(0.2)
    with pytest.raises(NotAvailable, match=r"measures net\.py:Net has said nothing for 0\.2 s"):
        next(said)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


MANAGER = """
import time
from lightbench.workers.clean_start import command_of
from lightbench.workers.manager import started
with started(command_of("sleeper"), alone={alone}) as child:
    print(*child.answer(), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a child")
@pytest.mark.parametrize("alone", [True, False])
def test_one_whose_manager_is_killed_ends_itself_whatever_it_does(tmp_path, alone):
    busy = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(0.1)"
    (tmp_path / "sleeper.py").write_text(f"{CHILD}send('pid', os.getpid())\n{busy}")
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-c", MANAGER.format(alone=alone)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environ) as process:
        child = psutil.Process(int(process.stdout.readline().split()[1]))
        process.kill()
    assert psutil.wait_procs([child], 30)[1] == []
