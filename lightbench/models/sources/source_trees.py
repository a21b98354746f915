"""Another version of the user's source, loaded in the place of the one that is there.

Inside `loaded_from` the user's own files and modules are those of that version. A module holds on to
what it has imported, so a network goes on with its own version when the next one is loaded.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from lightbench.errors import NotAvailable
from lightbench.registry import PACKAGE


@dataclass(frozen=True)
class Tree:
    """A version of a project, in ``root``; the user's own version is in ``instead_of``. ``label`` says
    which version it is. ``Tree(here, here)`` is the user's own."""

    root: Path
    instead_of: Path
    label: str = ""

    def __post_init__(self) -> None:
        for name in ("root", "instead_of"):  # later comparisons are of paths without links
            object.__setattr__(self, name, Path(os.path.realpath(getattr(self, name))))


_CURRENT: ContextVar[Tree | None] = ContextVar("tree", default=None)


@contextmanager
def loaded_from(tree: Tree | None) -> Iterator[None]:
    """Inside, the user's code comes from ``tree``: files that `sources.find` names, their neighbours
    and packages, what is on sys.path, what is installed as editable, files of a relative name.

    Build the network and run it once inside; see `leaks`. None is the version in the repository
    around the working directory, freshly loaded. Never exchanged: lightbench, and what is installed.
    """
    tree = tree or _repository()
    if tree is None:
        yield
        return
    tops = (tree.root, tree.instead_of)
    aside = take(_loaded(*tops))
    path, entries = sys.path, list(sys.path)
    tables = [(table, dict(table)) for table in _editable_tables()]
    token = _CURRENT.set(tree)
    here, writes = Path.cwd(), sys.dont_write_bytecode
    there = Path(_mapped(str(here), tree))
    try:
        sys.dont_write_bytecode = True  # nothing is left in the user's folders
        if there.is_dir():  # files that the code opens by a relative name are part of its version
            os.chdir(there)
        path[:] = [_mapped(entry, tree) for entry in entries]
        for table, were in tables:
            table.update({name: _mapped(place, tree) for name, place in were.items()})
        importlib.invalidate_caches()
        yield
    finally:
        _CURRENT.reset(token)
        os.chdir(here)
        sys.dont_write_bytecode = writes
        for table, were in tables:
            table.clear()
            table.update(were)
        sys.path = path  # also if the user's code made another list of it
        path[:] = entries
        take(_loaded(*tops))
        put_back(aside)


def placed(path: Path) -> Path:
    """The file that is meant by the user's ``path``: the one at the same place of the version that is
    being loaded. Raises NotAvailable where that version has none."""
    tree = _CURRENT.get()
    if tree is None or tree.root == tree.instead_of or "\0" in str(path):
        return path
    moved = Path(_moved(path, tree))
    of_tree = moved != path or _place(path, tree.root) is not None
    if of_tree and not moved.is_file():
        raise NotAvailable(
            f"not comparable: there is no file {str(path)!r} at {tree.label or 'that version'}.",
            "Compare with a version that has it, or name two files: OLD.py:Class NEW.py:Class.",
        )
    return moved


def leaks(tree: Tree | None) -> list[str]:
    """Names of the user's modules that were loaded, inside `loaded_from`, from the user's own version
    though another one was asked for: by code that names a path, or a finder we do not know."""
    if tree is None or tree.root == tree.instead_of:
        return []

    def astray(file: Path) -> bool:
        real = file.resolve()  # a link may lead back, and then it is not code of that version
        return _place(real, tree.root) is None and _place(real, tree.instead_of) is not None

    loaded = _loaded(tree.root, tree.instead_of)
    return sorted(name for name, module in loaded.items() if any(map(astray, files_of(module))))


def installed_copies(tree: Tree | None) -> list[str]:
    """Names of packages and modules that ``tree`` has, where one of its projects keeps them, and that
    were nevertheless loaded from an installed copy: which is the same for every version, so there is
    nothing to compare."""
    if tree is None:
        return []
    folders = _import_folders(tree.root)
    return sorted(
        {
            place.parts[0].removesuffix(".py")
            for module in list(sys.modules.values())
            if isinstance(module, ModuleType) and (place := _place_installed(module)) is not None
            if any((folder / place).is_file() for folder in folders)
        }
    )


def _import_folders(top: Path) -> list[Path]:
    """From where the projects of a repository are imported: its top, and where others are in it."""
    marks = ("pyproject.toml", "setup.py", "setup.cfg")
    found = [
        mark.parent
        for name in marks
        for deep in ("", "*/", "*/*/")
        for mark in top.glob(deep + name)
    ]
    return [
        folder / inside
        for folder in dict.fromkeys((top, *found))
        for inside in ("", "src", "lib", "python")
        if (folder / inside).is_dir()
    ]


def _place_installed(module: ModuleType) -> Path | None:
    """The place of its file below the folder that packages are installed in; None if it is in none."""
    file = vars(module).get("__file__")
    parts = Path(file).parts if isinstance(file, str) else ()
    last = max((i for i, part in enumerate(parts) if part in _INSTALLED), default=None)
    return None if last is None else Path(*parts[last + 1 :])


def late_imports(tree: Tree | None, call: Callable[[], object]) -> list[str]:
    """Names of the user's modules that ``call`` imports while it runs, of a network made inside
    `loaded_from`, where this is asked too. Once that is left, they would be of any version."""
    if tree is None:
        return []
    aside = take(_loaded(tree.root, tree.instead_of))
    try:
        call()
    finally:
        late = take(_loaded(tree.root, tree.instead_of))
        put_back(aside)
    return sorted(late)


def shared_operators(tree: Tree | None) -> list[str]:
    """Names of operators, as torch.library.custom_op makes them, that ``tree`` has made: the process
    has one of each name, so a version loaded later takes them from an earlier one."""
    made = getattr(sys.modules.get("torch._library.custom_ops"), "OPDEFS", {})
    if tree is None:
        return []
    return sorted(
        name
        for name, operator in list(made.items())
        if (code := getattr(operator._init_fn, "__code__", None))  # noqa: SLF001  torch tells it nowhere else
        and _place(Path(code.co_filename), tree.root) is not None
    )


def _repository() -> Tree | None:
    """The user's own version, in the repository around the working directory."""
    here = Path.cwd()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    return Tree(top, top) if top else None


def _mapped(entry: Any, tree: Tree) -> Any:
    """A path, or a list of paths, in ``tree``. What is no path, as the marks that some put on sys.path,
    stays what it is."""
    if isinstance(entry, list):
        return [_mapped(each, tree) for each in entry]
    if not isinstance(entry, str):
        return entry
    path = Path(entry)  # "" is the working directory
    return str(_moved(path, tree)) if path.is_absolute() or path.exists() else entry


def _moved(path: Path, tree: Tree) -> Path:
    if _place(path, tree.root) is not None:
        return path
    place = _place(path, tree.instead_of)
    return path if place is None else tree.root / place


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises where links go in a circle


def _place(path: Path, top: Path, real: Callable[[Path], Path] = _real) -> Path | None:
    """Where below ``top`` the user's own ``path`` is, with the links below ``top`` as they are
    written, since they are part of a version; None if it is elsewhere, or installed, or ours."""
    written = Path(os.path.normpath(path.absolute()))
    found = [written.relative_to(p) for p in (written, *written.parents) if real(p) == top]
    if real(path).is_relative_to(top):
        found.append(real(path).relative_to(top))
    return next((place for place in found if not _installed(top, place)), None)


_INSTALLED = {"site-packages", "dist-packages"}


def _installed(top: Path, place: Path) -> bool:
    """Only folders below ``top`` count: a whole project may stand in /usr/src, below Python's prefix."""
    kept = {_real(folder) for folder in (sys.prefix, sys.base_prefix, PACKAGE)}
    folders = [top / above for above in (place, *place.parents) if above.parts]
    return bool(_INSTALLED & {*place.parts}) or any(
        folder in kept or (folder / "pyvenv.cfg").is_file() for folder in folders
    )


def _loaded(*tops: Path) -> dict[str, ModuleType]:
    """The user's modules from there that are loaded, by name. ``__main__`` runs, and stays."""
    real = cache(_real)  # for this call only: modules share their folders, and links may change
    above = [str(top) for top in tops]

    @cache
    def near(folder: str) -> bool:
        """Is it in a project, or leads a link there? Asked first, of a thousand modules: it is quick."""
        there = os.path.realpath(folder)
        if any(there == top or there.startswith(top + os.sep) for top in above):
            return True
        parent = os.path.dirname(folder)  # noqa: PTH120  the same
        return parent not in (folder, "") and near(parent)

    def elsewhere(file: str) -> bool:
        folder = os.path.dirname(file)  # noqa: PTH120  the same
        return not (near(os.path.abspath(folder)) or near(folder) or os.path.islink(file))  # noqa: PTH100, PTH114

    @cache
    def own(folder: Path) -> bool:
        return any(_place(folder, top, real) is not None for top in tops)

    def theirs(module: ModuleType) -> bool:
        file = vars(module).get("__file__")
        if isinstance(file, str) and elsewhere(file):
            return False
        files = files_of(module)
        if not isinstance(file, str):  # folders, which it may share
            return bool(files) and all(map(own, files))
        return any(own(f.parent) or (f.is_symlink() and own(f.resolve().parent)) for f in files)

    return {
        name: module
        for name, module in list(sys.modules.items())
        if name != "__main__" and isinstance(module, ModuleType) and theirs(module)
    }


def files_of(module: ModuleType) -> list[Path]:
    """Its file, or its folders if it is a package without one. Nothing is asked of the module itself:
    some load what they are asked for."""
    file = vars(module).get("__file__")
    if isinstance(file, str):
        return [Path(file)]
    with suppress(Exception):  # worked out anew, from a parent that may be gone
        folders = [Path(folder) for folder in vars(module).get("__path__") or ()]
        return [folder for folder in folders if folder.is_absolute()]  # the others are marks
    return []


def take(modules: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """Out of sys.modules, and out of packages that stay."""
    for name in modules:
        del sys.modules[name]
    for package, child, module in _bonds(modules):
        if vars(package).get(child) is module:
            delattr(package, child)
    return modules


def put_back(modules: dict[str, ModuleType]) -> None:
    bonds = list(_bonds(modules))
    sys.modules.update(modules)
    for package, child, module in bonds:
        setattr(package, child, module)


def _bonds(modules: dict[str, ModuleType]) -> Iterator[tuple[ModuleType, str, ModuleType]]:
    """Which package that is not among ``modules`` holds which of them: `from package import child`
    would find it there."""
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            yield sys.modules[parent], child, module


def _editable_tables() -> Iterator[dict[str, Any]]:
    """Where setuptools' finders look for what is installed as editable: name -> folder, or folders."""
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable___"):
            for table in ("MAPPING", "NAMESPACES"):
                if isinstance(found := vars(module).get(table), dict):
                    yield found
