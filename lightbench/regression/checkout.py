"""A commit of the user's repository in a folder of its own, for as long as it is needed.

Nothing of the user's is touched: not the working tree, the index, HEAD, the stash or the settings; no
hook runs. The folder is a worktree of git's, which shares the repository's objects.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lightbench import git
from lightbench.errors import LightbenchError, NotAvailable, UsageError
from lightbench.models._trees import Tree


@contextmanager
def checkout(ref: str, beside: Path) -> Iterator[Tree]:
    """The commit ``ref`` of the repository that holds ``beside``, a file or a folder, as a `Tree`,
    removed afterwards whatever happens.

    Submodules and what git ignores are not in it. Raises NotAvailable if there is no such commit, no
    repository or no git; UsageError if ``ref`` cannot be one.
    """
    top = toplevel(beside)
    commit = resolve(ref, beside)
    label = ref if commit.startswith(ref) else f"{ref} ({commit[:7]})"
    with _temporary_folder() as above:
        # Called like the original: a project may itself be a package, and import itself by name.
        root = Path(above).resolve() / (top.name or "tree")
        try:
            # Whole, however little of it the user's own tree has.
            whole = ("-c", "core.sparseCheckout=false")
            run_git(top, *whole, "worktree", "add", "--detach", "--quiet", str(root), commit)
            yield Tree(root, top, label)
        finally:
            _remove(root, top)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="lightbench-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NotAvailable(
            f"no temporary folder for a checkout can be made: {error.strerror}.",
            "Name a folder with space that can be written: export TMPDIR=FOLDER.",
        ) from error


def resolve(ref: str, beside: Path) -> str:
    """The commit that ``ref`` names, in full: 40 hex digits (64 in a repository of SHA-256). Raises
    NotAvailable, UsageError."""
    if not ref or ref.startswith("-") or "\0" in ref:
        raise UsageError(
            f"{ref!r} is no commit.", "Write a branch, a tag or a hash: main, HEAD~1, 1a2b3c4."
        )
    toplevel(beside)  # says what is wrong with the repository, rather than with the ref
    commit = _commit(ref, beside)
    if commit is None:
        near = f"origin/{ref}"
        hint = (
            f"Did you mean {near}?"
            if _commit(near, beside)
            else "See `git branch --all`. A clone in CI often has one commit only: set fetch-depth: 0 for"
            " actions/checkout, or run `git fetch origin main`."
        )
        raise NotAvailable(f"not comparable: this repository has no commit {ref!r}.", hint)
    return commit


def commit_at_hand(commit: str, beside: Path) -> bool:
    """Does the repository around ``beside`` have this commit, given by its hash? False also without a
    repository or git."""
    if not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        return False
    with suppress(LightbenchError):
        return (_commit(commit, beside) or "").startswith(commit)
    return False


def toplevel(beside: Path) -> Path:
    """The folder of the repository that holds ``beside``, a file or a folder, without links. Raises
    NotAvailable where there is none, or git refuses to read it."""
    return Path(run_git(beside, "rev-parse", "--show-toplevel")).resolve()


def _commit(ref: str, beside: Path) -> str | None:
    with suppress(_GitRefused):
        found = run_git(beside, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", found):  # ^main is a commit to leave out
            return found
    return None


class _GitRefused(NotAvailable):
    """Git said no; the message is what it said."""


def run_git(
    beside: Path, *arguments: str, alone: bool = False, more: Mapping[str, str] | None = None
) -> str:
    """What git prints, without the end of its line. ``alone``: Ctrl-C does not reach it; ``more`` is
    set in its environment. Raises NotAvailable."""
    folder = next(p for p in (beside.absolute(), *beside.absolute().parents) if p.is_dir())
    try:
        done = subprocess.run(  # noqa: S603  no shell; what the user gave comes after --end-of-options
            git.command(*arguments),
            cwd=folder,
            env={**git.environ(), **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=alone,
        )
    except FileNotFoundError as error:
        raise NotAvailable(
            "git is not there, and only git knows other versions.",
            "Install git, or compare two files: lightbench compare OLD.py:Class NEW.py:Class.",
        ) from error
    if done.returncode:
        said = os.fsdecode(done.stderr).strip().partition("\n")[0].removeprefix("fatal: ")
        if "not a git repository" in said:
            raise _GitRefused(
                f"{str(folder)!r} is not in a git repository.",
                "Run in the repository, or compare two files: OLD.py:Class NEW.py:Class.",
            )
        raise _GitRefused(
            f"git {_verb(arguments)} failed: {said.rstrip('.') or 'it does not say why'}.",
            f"Try it yourself: git -C {folder} status",
        )
    return os.fsdecode(done.stdout).removesuffix("\n")


def _verb(arguments: Sequence[str]) -> str:
    """What git was asked for, behind the settings."""
    return next(a for i, a in enumerate(arguments) if a != "-c" and arguments[i - 1] != "-c")


def _remove(root: Path, top: Path) -> None:
    """The folder and git's note of it, and no other worktree's; Ctrl-C in between leaves nothing."""
    try:
        with suppress(LightbenchError):
            run_git(top, "worktree", "remove", "--force", "--force", str(root), alone=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        with suppress(LightbenchError, OSError):
            notes = top / run_git(top, "rev-parse", "--git-common-dir", alone=True) / "worktrees"
            for note in notes.glob("*/gitdir"):
                if os.fsdecode(note.read_bytes()).strip() == str(root / ".git"):
                    shutil.rmtree(note.parent, ignore_errors=True)
