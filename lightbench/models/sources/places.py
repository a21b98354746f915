"""Where a user's file is imported from, decided by reading it: the same for every command and version."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lightbench.models.sources.project_files import (
    above_package,
    import_folders,
    modules_in,
    names_imported,
    project_files,
    project_top,
    working_directory,
)


class Place(NamedTuple):
    """``name`` is what the file is called as a module, "" where it has no such name; ``first`` are the
    folders in which its imports are looked for before what is installed, ``last`` those after it."""

    file: Path
    name: str
    first: tuple[Path, ...]
    last: tuple[Path, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        return self.first + self.last


def place_of(file: Path) -> Place:
    """The place of a file, a path without links.

    A file is the module that ``python -m`` or a test runner would find:

    1. If what it is made of imports something by the name of a folder that it is in, or by its own
       name, then from where that name holds: ``lib/core/net.py`` with ``from lib.core import parts``.
    2. Else from the folder above its package, the outermost folder with an ``__init__.py``.
    3. Else, or where a relative import leads out of that package, from the working directory, from
       the top of its project, or from above what its relative imports reach: whichever of them, in
       this order, is above all that.

    Its imports are looked for in that folder and, if the file is below it, in the working directory;
    then where Python looks; then at the top of the project, in its ``src``, and beside the file, as
    ``python file.py`` does. So a neighbour hides neither the package that it is in nor an installed
    one. A file called like an installed package has no name, and its folder is the last.
    """
    root = _root(file)
    name = _name(file, root)
    top = project_top(file)
    first = [root, *working_directory(file)]
    last = [*([top, top / "src"] if top else []), file.parent]
    if name == file.stem and _installed(name, root):
        name, first = "", [folder for folder in first if folder != root]
        last = [root, *last]
    first = list(dict.fromkeys(first))
    return Place(file, name, tuple(first), tuple(f for f in dict.fromkeys(last) if f not in first))


def _root(file: Path) -> Path:
    named, reached = set(_named(file)), set(_reached(file))
    if named:
        return _outermost(named | reached)
    above = above_package(file)
    outer = _outermost({above} | reached)
    if above != file.parent and outer == above:
        return above
    top = project_top(file)
    wide = [*working_directory(file), *([top] if top else [])]
    return next((folder for folder in wide if outer.is_relative_to(folder)), outer)


def _outermost(folders: set[Path]) -> Path:
    """Of folders that are all above one file."""
    return min(folders, key=lambda folder: len(folder.parts))


def _name(file: Path, root: Path) -> str:
    parts = file.with_suffix("").relative_to(root).parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return "" if any("." in part for part in parts) else ".".join(parts)


def _named(file: Path) -> Iterator[Path]:
    """The folders from which the file is called what its project calls it: above each folder that it
    is in, or beside it, where the first part of an import is its name, and what is imported is there."""
    for member in project_files(file):
        for name in (name for level, name in names_imported(member) if not level):
            first = name.partition(".")[0]
            for inside in file.parents[:-1]:
                if inside.name == first and _holds(inside.parent, name):
                    yield inside.parent
            if first == file.stem and member != file and _holds(file.parent, first):
                yield file.parent


def _holds(folder: Path, name: str) -> bool:
    """Whether what is imported is in the folder, and not what Python would find elsewhere."""
    return any(modules_in([folder], name)) and not _installed(name.partition(".")[0], folder)


def _reached(file: Path) -> Iterator[Path]:
    """The folders above those that relative imports lead to, from the file and from what they find."""
    waiting, seen = [file], {file}
    while waiting:
        member = waiting.pop()
        for level, name in names_imported(member):
            if not level or level >= len(member.parents):
                continue
            package = member.parents[level - 1]
            if file.is_relative_to(package.parent):
                yield package.parent
            new = {*modules_in([package], name)} - seen
            seen |= new
            waiting += new


def _installed(name: str, folder: Path) -> bool:
    """Whether Python finds this name, and not in ``folder``."""
    if name in sys.stdlib_module_names:
        return True
    found = [place.resolve() for place in import_folders(name)]
    return bool(found) and folder not in found
