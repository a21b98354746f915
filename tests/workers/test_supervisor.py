"""A command outlives what a network does to the process that runs it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

# What a command is here: it prints what it knows of failed networks, and then one of them does something.
COMMAND = """
import os, signal, sys, threading, time
from lightbench.workers import interrupts, journal, supervisor

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore some
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

def work():
    for model in ("good", "bad"):
        print(model, journal.fallen.get(model), flush=True)
        if model in journal.fallen:
            continue
        journal.enter("first call", model)
        if model == "bad":
            {bad}
        journal.enter("ours")
    return {code}

sys.exit(interrupts.named(supervisor.supervise(work, say=lambda text: print("said:", text, flush=True))))
"""


def command(bad, code=3):
    return [sys.executable, "-c", COMMAND.format(bad=bad, code=code)]


def run(bad, code=3):
    done = subprocess.run(command(bad, code), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.splitlines()


def test_a_command_that_ends_by_itself_ends_with_its_code():
    assert run("pass") == (3, ["good None", "bad None"])


@pytest.mark.parametrize(
    ("bad", "how"),
    [
        ("os._exit(0)", "ended the process with exit code 0"),
        ("os._exit(1)", "ended the process with exit code 1"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended the process: killed by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended the process: killed by SIGKILL"),
        ("os.closerange(0, 2000); os._exit(0)", "ended the process with exit code 0"),
        ("journal.limit(0.2); time.sleep(60)", "took longer than 0.2 s (--timeout)"),
        ("journal.limit(0.2); os.kill(os.getpid(), signal.SIGSTOP)", "took longer than 0.2 s (--timeout)"),
    ],
)  # fmt: skip
def test_a_network_that_ends_the_process_has_failed_and_the_others_go_on(bad, how):
    code, said = run(bad)
    assert code == 3
    assert said == [
        "good None",
        "bad None",
        f"said: bad: it {how}, in its first call; the command goes on without it.",
        "good None",
        f"bad {how}, in its first call",
    ]


def test_a_pause_by_ctrl_z_is_not_the_networks_time():
    bad = """journal.limit(3.0)
            print("ready", flush=True)
            for _ in range(20):
                time.sleep(0.05)"""
    with subprocess.Popen(
        command(bad), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.stdout.readline() != "ready\n":
            pass
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(4)
        os.killpg(process.pid, signal.SIGCONT)
        assert process.stdout.read() == ""
    assert process.returncode == 3


def test_a_command_that_dies_of_nobody_says_so_and_is_not_tried_for_ever():
    code, said = run("os._exit(0) if journal.enter('ours', '') is None else 0")
    assert code == 70
    assert said[-1].startswith("said: the process that ran the command ended early: ended")


def test_what_a_network_does_at_the_end_of_the_process_changes_no_exit_code():
    assert run("import atexit; atexit.register(lambda: os._exit(0))", 4)[0] == 4


def test_a_thread_that_does_not_end_is_not_waited_for_for_ever():
    began = time.monotonic()
    assert run("threading.Thread(target=time.sleep, args=(600,)).start()")[0] == 3
    assert time.monotonic() - began < 50


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found by Linux alone")
def test_what_a_network_has_started_ends_with_the_command(tmp_path):
    file = tmp_path / "pid"
    bad = (
        f"import subprocess; p = subprocess.Popen(['sleep', '600'], start_new_session=True);"
        f" open({str(file)!r}, 'w').write(str(p.pid))"
    )
    assert run(bad)[0] == 3
    assert not psutil.pid_exists(int(file.read_text()))


def test_a_shell_that_has_become_the_command_keeps_what_it_has_started(tmp_path):
    file = tmp_path / "pid"
    line = f"sleep 600 > /dev/null 2>&1 & echo $! > {file}; exec {shlex.join(command('pass'))}"
    assert subprocess.run(["sh", "-c", line], capture_output=True, timeout=60).returncode == 3
    theirs = psutil.Process(int(file.read_text()))
    assert theirs.status() != psutil.STATUS_ZOMBIE
    theirs.kill()


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def interrupted(work, number, kill=os.kill):
    """Exit code and what is printed by a command that is told to stop once it says that it is ready."""
    code = f"interrupts.answer_with(interrupts.interrupt)\n{work}".replace("\n", "\n" + 12 * " ")
    with subprocess.Popen(
        command(code), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.stdout.readline() != "ready\n":
            pass
        kill(process.pid, number)
        said = process.stdout.read()
    return process.returncode, said.splitlines()


WAITS = """try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    {answer}
    print("tidy", flush=True)
    interrupts.ignore()
    return 130"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_signal_to_stop_is_handed_on_as_ctrl_c_and_names_the_exit_code(number, kill):
    assert interrupted(WAITS.format(answer="pass"), number, kill) == (128 + number, ["tidy"])


def test_one_that_comes_while_another_is_answered_disturbs_nothing():
    answer = "os.kill(os.getppid(), signal.SIGINT); time.sleep(0.8)"
    code = interrupted('journal.enter("ours")\n' + WAITS.format(answer=answer), signal.SIGTERM)
    assert code == (143, ["tidy"])


def test_one_that_is_lost_on_the_way_is_sent_once_more():
    loses = """try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    pass
"""
    work = f'journal.enter("ours")\n{loses}' + WAITS.format(answer="pass")
    assert interrupted(work, signal.SIGTERM) == (143, ["ready", "tidy"])


def test_a_network_that_does_not_let_go_is_ended():
    bad = (
        "signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(command(bad), stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline() != "ready\n":
            pass
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a child")
def test_with_the_supervisor_the_command_ends():
    bad = "print(os.getpid(), flush=True); time.sleep(600)"
    with subprocess.Popen(command(bad), stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(3)]
        child = psutil.Process(int(said[-1]))
        process.kill()
        assert child.wait(30) is None or not child.is_running()
