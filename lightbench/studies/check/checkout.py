"""A commit of the user's repository in a folder of its own, for as long as it is needed.

Nothing of the user's is touched: not the working tree, the index, HEAD, the stash or the settings; no
hook runs. The folder is a worktree of git's, which shares the repository's objects.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lightbench.environment import git
from lightbench.errors import LightbenchError, NotAvailable, UsageError, nearest
from lightbench.models.sources.source_trees import Tree
from lightbench.studies.check.leftovers import forget, remove_leftovers, temporary_folder


@contextmanager
def checkout(ref: str, beside: Path) -> Iterator[Tree]:
    """The commit ``ref`` of the repository that holds ``beside``, a file or a folder, as a `Tree`,
    removed afterwards whatever happens.

    Submodules are in it as far as their commits are here; what git ignores is not. Raises NotAvailable
    if there is no such commit, no repository or no git; UsageError if ``ref`` cannot be one.
    """
    top = toplevel(beside)
    commit = resolve(ref, beside)
    label = ref if commit.startswith(ref) else f"{ref} ({commit[:7]})"
    with suppress(LightbenchError, OSError):
        remove_leftovers(_notes(own) for own in _repositories(top))
    with _temporary_folder() as above:
        # Called like the original: a project may itself be a package, and import itself by name.
        root = above / (top.name or "tree")
        with _worktree(top, commit, root):
            yield Tree(root, top, label)


@contextmanager
def _worktree(top: Path, commit: str, root: Path) -> Iterator[None]:
    """The commit in ``root``, with the submodules whose commits the user's own have."""
    try:
        _add_worktree(top, commit, root)
        with ExitStack() as stack:
            for place, its_commit in submodules(root).items():
                own = top / place
                if (own / ".git").exists() and commit_at_hand(its_commit, own):
                    stack.enter_context(_worktree(own, its_commit, root / place))
            yield
    finally:
        _remove(root, top)


def _add_worktree(top: Path, commit: str, root: Path) -> None:
    # Whole, however little of it the user's own tree has.
    whole = ("-c", "core.sparseCheckout=false")
    add = ("worktree", "add", "--detach", "--quiet", str(root), commit)
    try:
        run_git(top, *whole, *add)
    except NotAvailable:
        off = _filters_off(top)
        if not off:
            raise
        _remove(root, top)
        run_git(top, *whole, *off, *add)  # files as they are stored, such as pointers of git LFS


def _filters_off(top: Path) -> list[str]:
    """Settings without any content filter: one that is not installed, or cannot reach its server, is
    seldom one of a network's source."""
    said = ""
    with suppress(NotAvailable):  # there are none
        said = run_git(top, "config", "--name-only", "--get-regexp", r"^filter\.")
    filters = dict.fromkeys(name.rpartition(".")[0] for name in said.splitlines())
    off = ("required=false", "smudge=", "process=")
    return [word for name in filters for setting in off for word in ("-c", f"{name}.{setting}")]


def submodules(top: Path) -> dict[Path, str]:
    """The submodules of a tree and their commits, by their places in it. Raises NotAvailable."""
    if not (top / ".gitmodules").is_file():
        return {}
    entries = run_git(top, "ls-files", "--stage", "-z").split("\0")
    links = (entry.partition("\t") for entry in entries if entry.startswith("160000 "))
    return {Path(place): facts.split()[1] for facts, _, place in links}


def _repositories(top: Path) -> Iterator[Path]:
    """A tree and its submodules."""
    yield top
    for place in submodules(top):
        if (top / place / ".git").exists():
            yield from _repositories(top / place)


def _notes(top: Path) -> Path:
    """The folder with git's notes on the worktrees of a repository. Raises NotAvailable."""
    return top / run_git(top, "rev-parse", "--git-common-dir", alone=True) / "worktrees"


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder())
        except OSError as error:
            raise NotAvailable(
                f"no temporary folder for a checkout can be made: {error.strerror}.",
                "Name a folder with space that can be written: export TMPDIR=FOLDER.",
            ) from error
        yield folder


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
        raise NotAvailable(
            f"not comparable: this repository has no commit {ref!r}.", _next_step(ref, beside)
        )
    return commit


def _next_step(ref: str, beside: Path) -> str:
    """For a commit that is not here."""
    short = ("for-each-ref", "--format=%(refname:short)")
    branches = run_git(beside, *short, "refs/heads", "refs/remotes", "refs/tags").splitlines()
    near = [name for name in branches if name.endswith(f"/{ref}")]
    if not re.search(r"[~^@:]", ref):  # such as main~9, which is no slip of the pen
        near = near or nearest(ref, branches, 1)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if _commit("HEAD", beside) is None:
        return "It has no commit at all on this branch: `git commit` makes one."
    return (
        "See `git branch --all`. A clone in CI often has one commit only: set fetch-depth: 0 for"
        " actions/checkout, or run `git fetch origin main`."
    )


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
        lines = os.fsdecode(done.stderr).strip().splitlines()
        raise _refused(folder, arguments, lines)
    return os.fsdecode(done.stdout).removesuffix("\n")


def _refused(folder: Path, arguments: Sequence[str], lines: Sequence[str]) -> _GitRefused:
    """What git says, among what programs of its own say, and the next step where it names one."""
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    said = next(iter([*fatal, *lines]), "it does not say why")
    said = said.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
    if "not a git repository" in said:
        return _GitRefused(
            f"{str(folder)!r} is not in a git repository.",
            "Run in the repository, or compare two files: lightbench compare OLD.py:Class NEW.py:Class.",
        )
    offered = [line.strip() for line in lines if line.strip().startswith("git config ")]
    try_it = f"Try it yourself: git -C {folder} status"
    return _GitRefused(
        f"git {_verb(arguments)} failed: {said}.",
        f"If you trust it: {offered[0]}" if offered else try_it,
    )


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
            forget([_notes(top)], root)
