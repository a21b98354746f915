"""Which files of the user's a network's file is made of: itself, and what it imports of its project.

Read, not run: imports are found in the syntax, wherever in a file they stand. What is installed is no
part of a project; what is imported by a name that is only known at run time is not seen.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lightbench.registry import PACKAGE

INSTALLED = {"site-packages", "dist-packages"}


def project_files(path: Path, within: Path | None = None) -> tuple[Path, ...]:
    """``path`` first, then what it imports, directly or not: without links, in alphabetical order.
    With ``within`` only files below that folder count. Files that cannot be read import nothing."""
    first = _real(path)
    roots = _roots(first)
    found: dict[Path, None] = {}
    waiting = [first, *_packages_around(first)]
    while waiting:
        file = waiting.pop()
        if file in found or not _counts(file, roots, within):
            continue
        found[file] = None
        waiting += map(_real, _imported(file, roots))
    return (first, *sorted(found.keys() - {first}))


def external_names(files: Iterable[Path]) -> set[str]:
    """The first parts of all modules that these files import by an absolute name: ``timm``."""
    return {
        name.partition(".")[0] for file in files for level, name in _statements(file) if not level
    }


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _roots(file: Path) -> tuple[Path, ...]:
    """Where the file's imports are looked for first: beside it, and where its package stands."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return tuple(dict.fromkeys((file.parent, folder)))


def _packages_around(file: Path) -> Iterator[Path]:
    """The ``__init__.py`` that Python runs before the file."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        yield folder / "__init__.py"
        folder = folder.parent


def _counts(file: Path, roots: tuple[Path, ...], within: Path | None) -> bool:
    if within is not None:
        return file.is_relative_to(_real(within))
    for root in roots:  # a whole project may stand in /usr/src, below Python's prefix
        if file.is_relative_to(root):
            return not INSTALLED & {*file.relative_to(root).parts}
    prefixes = {_real(Path(folder)) for folder in (sys.prefix, sys.base_prefix, PACKAGE)}
    return not INSTALLED & {*file.parts} and not any(map(file.is_relative_to, prefixes))


def _statements(file: Path) -> Iterator[tuple[int, str]]:
    """Every module that may be meant by an import: how many folders up, and its dotted name."""
    try:
        nodes = ast.walk(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((0, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            for name in node.names:  # a module of the package, or something in it
                yield node.level, f"{module}.{name.name}".lstrip(".")


def _imported(file: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    for level, name in _statements(file):
        if level:
            above = file.parents[min(level, len(file.parents)) - 1]
            yield from _below(above, name)
        else:
            for root in (*roots, *_elsewhere(name)):
                if found := list(_below(root, name)):
                    yield from found
                    break


def _below(root: Path, name: str) -> Iterator[Path]:
    """The files that ``import name`` runs if the first part of the name stands in ``root``."""
    folder = root
    for part in filter(None, name.split(".")):
        init, module = folder / part / "__init__.py", folder / f"{part}.py"
        if init.is_file():
            yield init
        elif module.is_file():
            yield module
            return
        folder /= part
    if not name and (root / "__init__.py").is_file():  # from . import sub
        yield root / "__init__.py"


def _elsewhere(name: str) -> Iterator[Path]:
    """The folder on sys.path that has the first part of the name, as of a project that is installed as
    editable. Nothing is imported for it."""
    first = name.partition(".")[0]
    with suppress(ImportError, ValueError, AttributeError):
        spec = importlib.util.find_spec(first) if first else None
        places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        yield from (Path(place).parent for place in places if Path(place).is_absolute())
