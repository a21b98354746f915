"""A commit in a folder of its own; of the user's nothing changes, whatever happens."""

from __future__ import annotations

import os
import subprocess

import pytest

from lightbench.errors import NotAvailable, UsageError
from lightbench.studies.check.checkout import checkout, commit_at_hand, resolve, toplevel


def git(folder, *arguments):
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    git(folder, "add", "-A"), git(folder, "commit", "-qm", "one more")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Two commits on main, HEAD~1 with width 4 and HEAD with width 6."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    folder = tmp_path / "a project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, net="width = 4\n", gone="")
    (folder / "gone.py").unlink()
    commit(folder, net="width = 6\n")
    return folder


def state(repo):
    """All of the user's that could be touched, to the byte."""
    inside = repo / ".git"
    kept = [*inside.glob("*"), *inside.glob("refs/**/*"), *inside.glob("logs/**/*")]
    return (
        {path: path.read_bytes() for path in kept if path.is_file()},
        {path: path.read_bytes() for path in repo.glob("*.py")},
        sorted(path.name for path in inside.glob("*")),
        git(repo, "--no-optional-locks", "status", "--porcelain=v2", "--ignored"),
        git(repo, "worktree", "list", "--porcelain"),
        git(repo, "stash", "list"),
    )


@pytest.fixture
def dirty(repo):
    """The same with work going on: staged, unstaged, untracked, stashed, and hooks that would show."""
    (repo / "net.py").write_text("width = 7\n")
    git(repo, "stash")
    (repo / "staged.py").write_text("")
    git(repo, "add", "staged.py")
    (repo / "net.py").write_text("width = 8\n")
    (repo / "untracked.py").write_text("")
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = repo / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{repo.parent}/ran-{name}'\n")
        hook.chmod(0o755)
    os.utime(repo / "net.py", (1, 1))  # a git that wants to refresh its index would write it
    return repo


def left(repo):
    return [*(repo.parent / "temporary").iterdir(), *(repo.parent.glob("ran-*"))]


def test_a_checkout_has_the_files_of_its_commit_and_says_where_they_belong(repo):
    with checkout("HEAD~1", repo / "net.py") as tree:
        assert (tree.root / "net.py").read_text() == "width = 4\n"
        assert (tree.root / "gone.py").exists()
        assert tree.instead_of == repo.resolve()
        assert tree.root.name == repo.name
        assert tree.label == f"HEAD~1 ({git(repo, 'rev-parse', 'HEAD~1')[:7]})"


def test_a_commit_named_by_its_hash_needs_no_other_name(repo):
    short = git(repo, "rev-parse", "--short=9", "HEAD")
    with checkout(short, repo) as tree:
        assert tree.label == short


def test_nothing_of_the_users_is_touched_and_no_hook_runs(dirty):
    before = state(dirty)
    with checkout("HEAD~1", dirty):
        assert (dirty / "net.py").read_text() == "width = 8\n"
    assert state(dirty) == before
    assert left(dirty) == []


@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit, ValueError])
def test_it_is_removed_whatever_happens(dirty, reason):
    before = state(dirty)
    with pytest.raises(reason), checkout("main", dirty) as tree:
        (tree.root / "made inside").write_text("")
        raise reason
    assert state(dirty) == before
    assert left(dirty) == []


def test_an_interrupt_while_git_makes_it_leaves_nothing(dirty, monkeypatch):
    run, before = subprocess.run, state(dirty)

    def interrupted(command, **settings):
        done = run(command, **settings)
        if "add" in command:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt), checkout("main", dirty):
        pass
    monkeypatch.undo()
    assert state(dirty) == before


def test_where_git_does_not_remove_it_we_do_and_keep_the_worktrees_of_others(repo, monkeypatch):
    other, lost = repo.parent / "other", repo.parent / "lost"
    for path in (other, lost):
        git(repo, "worktree", "add", "-q", "--detach", str(path))
    lost.rename(repo.parent / "on another disk")  # git's own prune would forget it
    before, run = state(repo), subprocess.run

    def refusing(command, **settings):
        if "remove" in command:
            command = ["git", "no-such-command"]
        return run(command, **settings)

    monkeypatch.setattr(subprocess, "run", refusing)
    with checkout("main", repo):
        pass
    monkeypatch.undo()
    assert state(repo) == before
    assert left(repo) == []


def test_two_checkouts_of_one_commit_go_together(repo):
    with checkout("main", repo) as one, checkout("main", repo) as two:
        assert one.root != two.root
    assert git(repo, "worktree", "list").count("\n") == 0


def test_a_linked_worktree_is_a_repository_too(repo):
    linked = repo.parent / "linked"
    git(repo, "worktree", "add", "-q", "-b", "topic", str(linked))
    before = state(repo)
    with checkout("main~1", linked) as tree:
        assert tree.instead_of == linked.resolve()
        assert (tree.root / "net.py").read_text() == "width = 4\n"
    assert state(repo) == before


def test_what_git_sets_for_its_hooks_does_not_lead_us_to_the_users_index(dirty, monkeypatch):
    monkeypatch.setenv("GIT_INDEX_FILE", str(dirty / ".git/index"))
    monkeypatch.setenv("GIT_DIR", str(dirty / ".git"))
    with checkout("HEAD~1", dirty):
        pass
    monkeypatch.undo()
    assert git(dirty, "diff", "--cached", "--name-only") == "staged.py"


def test_git_is_told_to_take_no_locks_start_no_monitor_and_ask_nothing(repo, monkeypatch):
    run, seen = subprocess.run, []

    def noting(command, **settings):
        seen.append((command, settings["env"]))
        return run(command, **settings)

    monkeypatch.setattr(subprocess, "run", noting)
    with checkout("main", repo):
        pass
    for command, environ in seen:
        assert command[:5] == [
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ]
        assert (environ["GIT_OPTIONAL_LOCKS"], environ["GIT_TERMINAL_PROMPT"]) == ("0", "0")


def test_a_ref_is_a_commit_in_full_however_it_is_written(repo):
    git(repo, "tag", "-a", "v1", "-m", "one", "HEAD~1")
    first, second = git(repo, "rev-parse", "HEAD~1", "HEAD").split()
    assert [resolve(r, repo) for r in ("v1", "main^", first[:8])] == [first] * 3
    assert [resolve(r, repo / "not there yet/net.py") for r in ("HEAD", "main")] == [second] * 2


def test_a_repository_is_found_from_a_folder_in_it_and_through_a_link(repo):
    (repo / "models").mkdir()
    (repo.parent / "link").symlink_to(repo)
    found = {toplevel(path) for path in (repo / "models", repo.parent / "link/net.py")}
    assert found == {repo.resolve()}


def test_is_a_commit_at_hand(repo, tmp_path):
    here = git(repo, "rev-parse", "HEAD")
    assert commit_at_hand(here, repo)
    assert not commit_at_hand("0" * 40, repo)
    assert not commit_at_hand(here, tmp_path)
    for text in ("main", "--help", "", "HEAD", here.upper(), f"{here}\n"):
        assert not commit_at_hand(text, repo)


@pytest.mark.parametrize("ref", ["-f", "--help", "", "a\0b", "--output=/tmp/x"])
def test_what_can_be_no_ref_is_bad_usage(repo, ref):
    with pytest.raises(UsageError, match="no commit"):
        resolve(ref, repo)


@pytest.mark.parametrize(
    "ref", ["nosuch", "HEAD:net.py", "^main", "main..HEAD", "HEAD~99", "a b", "\udcff", "$(id)"]
)
def test_a_ref_that_is_no_commit_here_is_not_comparable_and_ci_is_told_what_to_fetch(repo, ref):
    with pytest.raises(NotAvailable, match="not comparable.*no commit") as caught:
        resolve(ref, repo)
    assert "fetch-depth: 0" in caught.value.hint
    assert "git fetch origin main" in caught.value.hint
    assert caught.value.exit_code == 4


def test_a_branch_that_only_the_remote_has_is_suggested(repo):
    clone = repo.parent / "clone"
    git(repo.parent, "clone", "-q", str(repo), str(clone))
    git(clone, "checkout", "-q", "--detach"), git(clone, "branch", "-qD", "main")
    with pytest.raises(NotAvailable) as caught:
        resolve("main", clone)
    assert caught.value.hint == "Did you mean origin/main?"


def test_no_git_is_said_as_such(repo, monkeypatch):
    monkeypatch.setenv("PATH", str(repo))
    with pytest.raises(NotAvailable, match="git is not there"), checkout("main", repo):
        pass


def test_a_folder_without_a_repository_is_said_as_such(tmp_path):
    with pytest.raises(NotAvailable, match="not in a git repository") as caught:
        resolve("main", tmp_path)
    assert "lightbench compare OLD.py:Class NEW.py:Class" in caught.value.hint


def test_what_git_says_when_it_refuses_is_passed_on(repo, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test it
    with pytest.raises(NotAvailable, match="detected dubious ownership in repository"):
        resolve("main", repo)


def test_a_folder_that_cannot_be_made_leaves_nothing_behind(repo, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(repo.parent / "nosuch"))
    before = state(repo)
    with pytest.raises(NotAvailable, match="temporary"), checkout("main", repo):
        pass
    assert state(repo) == before


def test_where_git_lfs_is_not_installed_its_pointers_are_checked_out(repo, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    (repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (repo / "w.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    commit(repo)
    git(repo, "config", "filter.lfs.process", "git-lfs-that-is-not-here filter-process")
    git(repo, "config", "filter.lfs.required", "true")
    with checkout("HEAD", repo) as tree:
        assert (tree.root / "w.bin").read_text() == (repo / "w.bin").read_text()
