"""Somebody else's program: what it says, how it ends, and that nothing of it is left."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

import psutil
import pytest

from lightbench.workers import programs


def run(script, tmp_path, *, limit_s=60.0, **how):
    command = [sys.executable, "-I", "-c", script]
    return programs.run(command, environ=os.environ, folder=tmp_path, limit_s=limit_s, **how)


def test_one_that_goes_well_has_no_reason_and_all_it_has_printed(tmp_path):
    ended = run(
        "import sys, os; print(os.getcwd(), flush=True); sys.stderr.write('b\\n')", tmp_path
    )
    assert ended == ("", (str(tmp_path), "b"))


def test_how_it_ended_is_said_in_words_with_its_last_lines(tmp_path):
    ended = run("print('a', '', 'b', 'c', sep='\\n', flush=True); raise SystemExit(3)", tmp_path)
    assert (ended.how, ended.why(2)) == ("exit code 3", "exit code 3.\nb\nc")
    assert run("pass", tmp_path).why() == "it made nothing."  # whoever asks has waited for a file
    assert run("import os; os.kill(os.getpid(), 11)", tmp_path).how == "killed by SIGSEGV"
    assert run("import os; os.abort()", tmp_path).how == "killed by SIGABRT"


def test_lines_are_told_when_they_are_printed_and_the_last_one_too(tmp_path):
    told = []
    ended = run("import time\nfor i in range(3): print(i, flush=True); time.sleep(0.2)\nprint('\\033[2Jend')", tmp_path,
                say=lambda line: told.append((line, time.monotonic())))  # fmt: skip
    assert ended.how == ""
    assert [line for line, _ in told] == ["0", "1", "2", r"\x1b[2Jend"]
    assert told[1][1] > told[0][1]


def test_one_that_takes_too_long_is_ended_with_what_it_has_started(tmp_path):
    script = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
    ended = run(script, tmp_path, limit_s=3.0)
    assert ended.how == "it took longer than 3 s"
    _gone(int(ended.lines[0]))


def test_an_interruption_ends_it(tmp_path):
    def interrupted(line):
        pids.append(int(line))
        raise KeyboardInterrupt

    pids = []
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        run(script, tmp_path, say=interrupted)
    _gone(pids[0])


def test_one_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        programs.run([tmp_path / "none"], environ={}, folder=tmp_path, limit_s=1)


def _gone(pid):
    """Ended, be it that nobody has asked yet how."""
    until = time.monotonic() + 10
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < until
            time.sleep(0.05)
