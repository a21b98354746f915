"""The temporary folder of a check, and the removal of those that killed checks have left behind.

A check holds a lock in its folder for as long as it lives: the system lets go of it however the check ends.
A folder with a lock that nobody holds is a dead check's; one without any is not ours.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "lightbench-"
LOCK = "lightbench.lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """One for this process, removed afterwards. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        # Under its name it is always locked: a file that is not yet would be taken for a dead one's.
        before = folder / f"{LOCK}.new"
        before.touch()
        with _held(before):
            before.rename(folder / LOCK)
            yield folder


@contextmanager
def _held(file: Path) -> Iterator[bool]:
    """The lock on a file that is there, if nobody else has it: is it ours? Raises OSError."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    with suppress(ImportError, OSError):  # Windows; a file system without locks
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def remove_leftovers(notes: Iterable[Path]) -> None:
    """Of dead checks the folders, and what git has noted of the worktrees in them. ``notes`` are the
    folders with git's notes on worktrees, of a repository and of those within it."""
    notes = [*notes]
    places = {place for _, place in _worktrees(notes)}
    ours = {above for place in places for above in place.parents if above.name.startswith(PREFIX)}
    for folder in ours | _without_worktree():
        with suppress(OSError), _held(folder / LOCK) as dead:
            if dead:
                forget(notes, folder)
                shutil.rmtree(folder, ignore_errors=True)


def forget(notes: Iterable[Path], folder: Path) -> None:
    """Remove git's notes on the worktrees that are, or were, in a folder."""
    for note, place in _worktrees(notes):
        if place.is_relative_to(folder):
            shutil.rmtree(note, ignore_errors=True)
            with suppress(OSError):
                note.parent.rmdir()  # if it was the last one, as git does


def _worktrees(notes: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Each of git's notes, and the worktree it is on."""
    for folder in notes:
        for file in [*folder.glob("*/gitdir")]:
            with suppress(OSError):
                # Absolute, or from there.
                told = file.parent / os.fsdecode(file.read_bytes()).strip()
                yield file.parent, Path(os.path.normpath(told)).parent


def _without_worktree() -> set[Path]:
    """Temporary folders of ours of which git has no note, or not yet."""
    found = Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*/{LOCK}")
    return {file.parent for file in found if not any(file.parent.glob("**/.git"))}
