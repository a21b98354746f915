"""Where a network's code was at another commit, if a file has been renamed since, or a class.

Of files git knows it by their content. Of a class, or a function that makes a network, it is found here:
what a file that changed had then and has no more, under the same name or with half of its lines.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from lightbench.models.sources.source_trees import Tree
from lightbench.studies.check.checkout import run_git
from lightbench.studies.check.leftovers import temporary_folder

# As far as it goes in the user's tree and not in that of the repository's settings: what is left out
# of a sparse checkout is known to git as well, and no program of the settings is run.
_PLAIN = ("-c", "core.sparseCheckout=false", "-c", "core.splitIndex=false")
_DIFF = (
    "diff", "-z", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--no-relative",
)  # fmt: skip
_RENAMES = (*_DIFF, "--name-status", "--find-renames", "--break-rewrites", "--diff-filter=R")
_CHANGES = (*_DIFF, "--name-only", "--no-renames")
ALIKE = 0.5  # as much of a file or class as git asks of a file that is to be the same


class Definition(NamedTuple):
    """A class or function that a file, below the top of its tree, defines."""

    place: Path
    name: str


def earlier_name(file: Path, top: Path, commit: str) -> Path | None:
    """The path, below ``top``, that ``file`` had at ``commit``, where git finds it to be the same file
    by its content: staged or not, or not known to git at all; and where the old path still has another
    file, such as one that imports the new one. None if it is a new file. Raises NotAvailable."""
    place = file.relative_to(top)
    renamed = _renamed(top, commit, place)
    return next((old for old, new in renamed if new == place), None)


def later_name(file: Path, top: Path, commit: str) -> Path | None:
    """The path that a file of ``commit`` has now, as far as git knows it. Raises NotAvailable."""
    place = file.relative_to(top)
    return next((new for old, new in _renamed(top, commit) if old == place), None)


def earlier_definition(file: Path, name: str, tree: Tree, commit: str) -> Definition | None:
    """What ``name`` in the user's ``file`` was in ``tree``, the one of ``commit``: elsewhere under the
    same name, or under another one; None if it is new. Raises NotAvailable."""
    changed = _changed(tree.instead_of, commit)
    gone = list(_gone(tree, changed))
    same = [one for one, _ in gone if one.name == name]
    if len(same) == 1:
        return same[0]
    now = _definitions(file)
    still = set(now).union(*(_definitions(tree.instead_of / place) for place in changed))
    alike = {one: _alike(lines, now.get(name, [])) for one, lines in gone if one.name not in still}
    best = max(alike, key=lambda one: alike[one], default=None)
    return best if best is not None and alike[best] >= ALIKE else None


def _renamed(top: Path, commit: str, also: Path | None = None) -> list[tuple[Path, Path]]:
    """Old and new paths of files that were renamed; of one, too, that git need not know of yet."""
    with _index(top) as own:
        if also is not None:
            told = ("add", "--intent-to-add", "--force", "--", f":(top,literal){also}")
            run_git(top, *_PLAIN, *told, more=own)
        # Status, old and new path, each with a null byte behind it.
        said = run_git(top, *_PLAIN, *_RENAMES, "--end-of-options", commit, "--", more=own)
    words = [Path(word) for word in said.split("\0")]
    return list(zip(words[1::3], words[2::3], strict=False))


@contextmanager
def _index(top: Path) -> Iterator[dict[str, str]]:
    """The environment in which git uses a copy of the user's index."""
    with temporary_folder() as folder:
        index = folder / "index"
        with suppress(FileNotFoundError):  # a repository without one
            shutil.copyfile(top / run_git(top, "rev-parse", "--git-path", "index"), index)
        yield {"GIT_INDEX_FILE": str(index)}


def _changed(top: Path, commit: str) -> list[Path]:
    """Python files that the commit has, or the index, and that are not as they were."""
    with _index(top) as own:
        said = run_git(top, *_PLAIN, *_CHANGES, "--end-of-options", commit, "--", "*.py", more=own)
    return [Path(place) for place in said.split("\0") if place]


def _gone(tree: Tree, changed: Iterable[Path]) -> Iterator[tuple[Definition, list[str]]]:
    """What these files had in ``tree`` and have no more, with its lines."""
    for place in changed:
        kept = _definitions(tree.instead_of / place)
        for name, lines in _definitions(tree.root / place).items():
            if name not in kept:
                yield Definition(place, name), lines


def _definitions(file: Path) -> dict[str, list[str]]:
    """The classes and functions at the top of a file, each with its lines without its own name; none of
    what cannot be read."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    kinds = (ast.ClassDef, ast.FunctionDef)
    return {
        node.name: [line for part in node.body for line in ast.unparse(part).splitlines()]
        for node in body
        if isinstance(node, kinds)
    }


def _alike(one: list[str], other: list[str]) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if one and other else 0.0
