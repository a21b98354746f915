"""What a check that was killed has left the next one removes, and nothing of anybody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lightbench.studies.check.checkout import checkout
from lightbench.studies.check.leftovers import LOCK

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks of this kind there")

# A check that has its checkout, and waits to be killed.
CHECK = """
import sys, time
from pathlib import Path
from lightbench.studies.check.checkout import checkout
with checkout("HEAD", Path.cwd()) as tree:
    print(tree.root, flush=True)
    time.sleep(600)
"""


def git(folder, *arguments):
    author = (
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
    )
    done = subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder):
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "net.py").write_text("")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.fixture
def repo(tmp_path, temporary):
    return repository(tmp_path / "project")


def started(repo, **environ):
    """A check in another process, and the folder of its checkout."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHECK],
        cwd=repo, stdout=subprocess.PIPE, text=True, env=os.environ | environ,
    )  # fmt: skip
    return process, process.stdout.readline().strip()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def worktrees(repo):
    return git(repo, "worktree", "list", "--porcelain").count("worktree ")


def test_what_a_killed_one_has_left_is_removed_by_the_next(repo, temporary):
    process, _ = started(repo)
    kill(process)
    assert worktrees(repo) == 2
    with checkout("HEAD", repo):
        assert worktrees(repo) == 2
        assert len([*temporary.iterdir()]) == 1
    assert worktrees(repo) == 1
    assert [*temporary.iterdir()] == []


def test_wherever_it_had_its_folder(repo, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    process, _ = started(repo, TMPDIR=str(elsewhere))
    kill(process)
    with checkout("HEAD", repo):
        assert worktrees(repo) == 2
    assert [*elsewhere.iterdir()] == []


def test_one_that_runs_keeps_its_own_and_two_at_once_do_not_meet(repo):
    process, root = started(repo)
    with checkout("HEAD", repo) as tree:
        assert worktrees(repo) == 3
        assert git(root, "status", "--porcelain") == git(tree.root, "status", "--porcelain") == ""
    assert (Path(root) / "net.py").exists()
    assert worktrees(repo) == 2
    kill(process)


def test_a_worktree_of_the_users_stays_whatever_it_is_called(repo, temporary):
    for place in (temporary / "lightbench-x", temporary / "lightbench-ab12cd34" / "project"):
        git(repo, "worktree", "add", "-q", "--detach", str(place))
    with checkout("HEAD", repo):
        pass
    assert worktrees(repo) == 3
    assert (temporary / "lightbench-x/net.py").exists()
    assert (temporary / "lightbench-ab12cd34/project/net.py").exists()


def test_a_dead_one_of_another_repository_is_left_to_that(repo, tmp_path, temporary):
    other = repository(tmp_path / "other")
    process, root = started(other)
    kill(process)
    with checkout("HEAD", repo):
        pass
    assert Path(root).exists()
    with checkout("HEAD", other):
        pass
    assert worktrees(other) == 1
    assert [*temporary.iterdir()] == []


def test_what_was_killed_before_git_knew_of_it_is_removed_too(repo, temporary):
    (temporary / "lightbench-1").mkdir()
    (temporary / "lightbench-1" / LOCK).touch()
    (temporary / "lightbench-2").mkdir()  # it may be about to get its lock
    with checkout("HEAD", repo):
        pass
    assert [folder.name for folder in temporary.iterdir()] == ["lightbench-2"]


def test_what_it_had_of_submodules_is_removed_too(repo, tmp_path):
    inner = repository(tmp_path / "inner")
    git(repo, "submodule", "add", "-q", str(inner), "sub")
    git(repo, "commit", "-qm", "sub")
    process, _ = started(repo)
    kill(process)
    assert worktrees(repo / "sub") == 2
    with checkout("HEAD", repo):
        pass
    assert (worktrees(repo), worktrees(repo / "sub")) == (1, 1)
