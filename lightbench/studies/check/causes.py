"""What a version of a project may lack, where it does not load: pointers of git LFS, submodules that are
empty, files that are here and that no commit has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from lightbench.errors import LightbenchError
from lightbench.models.sources.source_trees import Tree
from lightbench.studies.check.checkout import run_git, submodules

NAMED = 3
_POINTER = "^version https://git-lfs\\.github\\.com/spec/"
# How readers of files, and imports, put it.
_UNREADABLE = re.compile(
    r"load key|header|magic|corrupt|decod|interpret|pickl|zip|reader|Expecting value|SyntaxError",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"No module named|No such file|cannot import|not found|no file", re.IGNORECASE
)
_INSTALLED = {"site-packages", "dist-packages", "node_modules"}


def causes(tree: Tree, said: str) -> str:
    """Sentences with their next step, of all that may be the cause of the error ``said``; "" for none
    that is known. ``tree`` may be the user's own."""
    return " ".join(
        [*_pointers(tree.root, said), *_empty(tree.root, said), *_only_here(tree, said)]
    )


def _pointers(root: Path, said: str) -> Iterator[str]:
    """Those that the error names, or all where it is about what is in a file."""
    files: list[str] = []
    with suppress(LightbenchError):  # which grep is, too, where there are none
        files = run_git(root, "grep", "-l", "-z", "-e", _POINTER).split("\0")
    found = [name for name in files if name]
    named = [name for name in found if _mentions(said, Path(name))]
    if names := named or (found if _UNREADABLE.search(said) else []):
        yield (
            f"Pointers of git LFS are in the place of {_listed(names)}: run `git lfs install` and"
            " `git lfs pull` (for actions/checkout: lfs: true)."
        )


def _empty(root: Path, said: str) -> Iterator[str]:
    if not _MISSING.search(said):
        return
    places = [p for p in submodules(root) if not any((root / p).glob("*"))]
    if names := [str(place) for place in places]:
        yield (
            f"Submodules are empty there: {_listed(names)}. Run `git submodule update --init"
            " --recursive` (for actions/checkout: submodules: recursive)."
        )


def _only_here(tree: Tree, said: str) -> Iterator[str]:
    if tree.root == tree.instead_of:
        return
    others = ""
    with suppress(LightbenchError):
        others = run_git(tree.instead_of, "ls-files", "--others", "-z")
    found = [
        name
        for name in others.split("\0")
        if name and not _INSTALLED & {*Path(name).parts} and _mentions(said, Path(name))
    ]
    if found:
        yield (
            f"No commit has {_listed(found)}, which {'is' if len(found) == 1 else 'are'} here: commit"
            " what the network needs, or make it while the network is built."
        )


def _mentions(said: str, path: Path) -> bool:
    """Is the error about that file, by its name or as a module?"""
    names = {path.name, path.name.partition(".")[0]}
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names if name)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
