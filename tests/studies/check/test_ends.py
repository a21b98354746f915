"""However a check ends, nothing of it is left: no process, no checkout, no note of git's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked")]

NET = """
import os, time
from pathlib import Path
from torch import nn


class Net(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 1)

    def forward(self, x):
        Path(os.environ["CALLED"]).touch()
        time.sleep(600)
"""
RUN = ["--threads", "1", "--input", "3x16x16"]


def git(*arguments):
    author = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    return subprocess.run(
        ["git", *author, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def worktrees():
    return git("worktree", "list").splitlines()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with a network that takes for ever, in which we stand; what is temporary is beside it."""
    folder, temporary = tmp_path / "project", tmp_path / "temporary"
    for path in (folder, temporary):
        path.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("CALLED", str(tmp_path / "called"))
    (folder / "net.py").write_text(NET)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        git(*command)
    return folder


@contextmanager
def started_check(*how):
    """The command as a process that has made its checkout."""
    words = [
        sys.executable,
        "-m",
        "lightbench",
        "check",
        "net.py:Net",
        "--against",
        "HEAD",
        *how,
        *RUN,
    ]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, start_new_session=True) as job:
        while len(worktrees()) == 1:
            assert job.poll() is None
            time.sleep(0.1)
        try:
            yield job
        finally:
            with suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGKILL)


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_cancelled_job_leaves_no_checkout_behind(project, number, kill):
    with started_check() as job:
        time.sleep(1)
        kill(job.pid, number)
        assert job.wait(60) == 128 + number
    assert len(worktrees()) == 1
    assert [*(project.parent / "temporary").iterdir()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a child")
@pytest.mark.parametrize("kill", [os.kill, os.killpg])
@pytest.mark.parametrize("how", [[], ["--isolate"]])
def test_of_one_that_is_killed_no_process_lives_and_the_next_removes_what_is_left(
    project, kill, how
):
    with started_check(*how) as job:
        while not (project.parent / "called").exists():
            assert job.poll() is None
            time.sleep(0.05)
        below = psutil.Process(job.pid).children(recursive=True)
        assert below
        kill(job.pid, signal.SIGKILL)
        assert psutil.wait_procs(below, 30)[1] == []
    (project / "net.py").write_text(NET.replace("time.sleep(600)", "return super().forward(x)"))
    git("commit", "-qam", "two")
    words = ["check", "net.py:Net", "--against", "HEAD", "--no-latency", *RUN]
    subprocess.run([sys.executable, "-m", "lightbench", *words], check=True, capture_output=True)
    assert len(worktrees()) == 1
    assert [*(project.parent / "temporary").iterdir()] == []
