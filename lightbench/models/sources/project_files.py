"""Which files of the user's a model's file is made of, found by reading it: nothing is run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

from lightbench.registry import PACKAGE

# Where Python looks before any network's code has changed it: or else what a file is made of would depend
# on what was built before.
SEARCHED = list(sys.path)

MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg")  # of a project's top folder
INSTALLED = {"site-packages", "dist-packages"}


def project_files(path: Path, within: Path | None = None) -> tuple[Path, ...]:
    """The file itself, then what it imports of its project, and what that imports, without links.

    Imports are looked for in the folder that holds the file's package, in the working directory, at the
    top of the project, in its ``src`` and beside the file, and then where Python finds them. What is installed, Python's own and
    lightbench are left out, as are imports whose name is worked out at run time. A file that cannot be
    read or is not Python imports nothing; without a file there is none. With ``within``, what is in
    that folder is the project.
    """
    try:
        found = {path.resolve(strict=True): None}
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # not there, a null byte in its name, links in a circle
        return ()
    waiting = list(found)
    while waiting:
        file = waiting.pop(0)
        for module in _imported(file):
            mine = of_a_project(module) if within is None else module.is_relative_to(within)
            if module not in found and mine:
                found[module] = None
                waiting.append(module)
    return tuple(found)


def external_names(files: Iterable[Path]) -> set[str]:
    """The first parts of all modules that these files import by an absolute name: ``timm``."""
    return {
        name.partition(".")[0]
        for file in files
        for level, name in names_imported(file)
        if not level
    }


def _imported(file: Path) -> Iterator[Path]:
    """The files of the modules that one file names, with the packages that they are in, and its own."""
    above, top = above_package(file), project_top(file)
    package = (above,) if above != file.parent else ()
    tops = (top, top / "src") if top else ()
    folders = list(dict.fromkeys((*package, *working_directory(file), *tops, file.parent)))
    yield from _inits(file.parent)
    for level, name in names_imported(file):
        if level:
            near = file.parents[min(level, len(file.parents)) - 1]
            yield from (*_inits(near), *modules_in([near], name))
        else:
            yield from list(modules_in(folders, name)) or modules_in(import_folders(name), name)


def names_imported(file: Path) -> tuple[tuple[int, str], ...]:
    """What is imported: dots before the name, and the name. Of ``from a import b`` also ``a.b``, which
    may be a module."""
    try:
        return _names(file.read_bytes())
    except OSError:
        return ()


@lru_cache(maxsize=4096)
def _names(text: bytes) -> tuple[tuple[int, str], ...]:
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(name for node in nodes for name in _imports(node))


def _imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((0, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = [node.module] if node.module else []
        yield from ((node.level, ".".join([*base, alias.name])) for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:  # importlib.import_module("name")
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        named = getattr(node.args[0], "value", None)
        if called in {"import_module", "__import__"} and isinstance(named, str):
            yield len(named) - len(named.lstrip(".")), named.lstrip(".")


def modules_in(folders: list[Path], name: str) -> Iterator[Path]:
    """The files of ``a``, ``a.b`` and ``a.b.c``, in the first of the folders that has the first."""
    parts = [part for part in name.split(".") if part and part != "*"]
    for folder in folders if parts else ():
        if not ((folder / parts[0]).is_dir() or (folder / f"{parts[0]}.py").is_file()):
            continue
        for n in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:n])
            for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if file.is_file():
                    yield file.resolve()
                    break
        return


def import_folders(name: str) -> list[Path]:
    """The folder in which Python finds the first part of a name, as in another project that is
    installed as editable; nothing is imported."""
    first = name.partition(".")[0]
    for finder in sys.meta_path:
        with suppress(Exception):  # finders are anybody's code
            path = SEARCHED if finder is PathFinder else None
            spec = finder.find_spec(first, path)
            if spec is not None:
                inside = [Path(folder).parent for folder in spec.submodule_search_locations or ()]
                return inside or ([Path(spec.origin).parent] if spec.has_location else [])  # type: ignore[arg-type]
    return []


def _inits(folder: Path) -> Iterator[Path]:
    """``__init__.py`` of a package and of those around it, which run before what is in it."""
    while (init := folder / "__init__.py").is_file():
        yield init.resolve()
        folder = folder.parent


def above_package(file: Path) -> Path:
    """The folder above the outermost package that the file is in; its own without one."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def project_top(file: Path) -> Path | None:
    """The top folder of the project that the file is in."""
    tops = (folder for folder in file.parents if any((folder / mark).exists() for mark in MARKS))
    return next(tops, None)


def working_directory(file: Path) -> tuple[Path, ...]:
    """The working directory, for a file below it: ``python -m`` looks there first."""
    with suppress(OSError):  # it may be gone
        here = Path.cwd().resolve()
        return (here,) if file.is_relative_to(here) else ()
    return ()


def of_a_project(file: Path) -> bool:
    """Whether a file, a path without links, is the user's: not installed, Python's own or ours."""
    ours, standard = PACKAGE.resolve(), Path(ast.__file__).resolve().parent
    return not (
        INSTALLED & {*file.parts} or file.is_relative_to(ours) or file.is_relative_to(standard)
    )
