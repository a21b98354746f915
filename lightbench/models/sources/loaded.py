"""A user's file is run once: two classes of it, two batch sizes and two sides share its modules, until
one of its files changes."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType

from lightbench.errors import ModelError, UsageError
from lightbench.models.sources.kept import process_kept
from lightbench.models.sources.late import found_later
from lightbench.models.sources.places import Place, place_of
from lightbench.models.sources.project_files import of_a_project, project_files, working_directory
from lightbench.models.sources.source import made
from lightbench.models.sources.source_trees import files_of, put_back, take
from lightbench.models.sources.watched import watched
from lightbench.models.torchvision import complete_torchvision

USERS = "lightbench_user_"  # how a module begins that has no name of its own


@dataclass
class _Project:
    """What was loaded for files that have the same folders to import from."""

    folders: tuple[Path, ...]
    files: dict[Path, ModuleType] = field(default_factory=dict)
    modules: dict[str, ModuleType] = field(default_factory=dict)
    digests: dict[Path, bytes] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)  # what files have put on sys.path

    def note(self, modules: dict[str, ModuleType]) -> None:
        self.modules |= modules
        for file in (file for module in modules.values() for file in _sources(module)):
            if file not in self.digests and file.is_file():
                self.digests[file] = _digest(file)

    def changed(self) -> bool:
        return any(_digest(file) != digest for file, digest in self.digests.items())


_PROJECTS: dict[tuple[Path, ...], _Project] = {}
_PLACES: dict[tuple[Path, ...], Place] = {}  # of a file, and where we were


def module_of(file: Path) -> ModuleType:
    """The module of a file, a path without links; it is run if it was not yet, or is another by now.
    Raises ModelError, UsageError."""
    with at_home(file) as project:
        if file not in project.files:
            project.files[file] = _run(_place(file))
            project.digests[file] = _digest(file)
        return project.files[file]


@contextmanager
def at_home(file: Path) -> Iterator[_Project]:
    """Inside, the file's code finds what it imports, in the version that was loaded with it."""
    place = _place(file)
    project = _current(place)
    complete_torchvision()
    with process_kept(file), watched(file):
        first = [*map(str, place.first), *project.added]
        last = [str(folder) for folder in place.last if str(folder) not in sys.path]
        sys.path[:] = [*first, *(entry for entry in sys.path if entry not in first), *last]
        _show(project)  # by what its folders are now, of which a package may have several
        before, entries = dict(sys.modules), list(sys.path)
        try:
            yield project
        finally:
            project.added += [e for e in sys.path if isinstance(e, str) and e not in entries]
            project.note(_new(before) | _shared(file))
            found_later(project.modules.values(), [*first, *project.added, *last])


def _place(file: Path) -> Place:
    """Worked out anew where the file has to be run."""
    key = (file, *working_directory(file))
    if key not in _PLACES or file not in _current(_PLACES[key]).files:
        _PLACES[key] = place_of(file)
    return _PLACES[key]


def _current(place: Place) -> _Project:
    """The project of a place, without what was loaded from files that are others by now."""
    project = _PROJECTS.get(place.folders)
    if project and project.changed():
        take({n: m for n, m in project.modules.items() if sys.modules.get(n) is m})
        project = None
    if project is None:
        project = _PROJECTS[place.folders] = _Project(place.folders)
    return project


def _run(place: Place) -> ModuleType:
    """Run a file as the module that it is. One that was loaded under its name before and is not ours
    to forget, as the user's own, stays under it."""
    before, ours = dict(sys.modules), _known()
    name = place.name if _leads_here(place) else ""
    package = name.rpartition(".")[0]
    try:
        if package:
            made(f"the package {package} fails when it is imported", import_module, package)
        there = sys.modules.get(name)
        if there and place.file in _sources(there):
            if name in ours or name not in before:  # its package, or another file, has done it
                return there
            return _executed(name, place.file, users=there)
        return _executed(name or _own_name(place.file), place.file)
    except BaseException as error:
        take(_new(before))
        if isinstance(error, ModelError):
            error.hint = _next_step(error.__cause__)
        raise


def _own_name(file: Path) -> str:
    return f"{USERS}{file.stem}_{sha256(os.fsencode(file)).hexdigest()[:8]}"


def _executed(name: str, file: Path, users: ModuleType | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{str(file)!r} cannot be imported as Python.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        made(f"{file.name} fails when it is imported", spec.loader.exec_module, module)
        module = sys.modules.get(name, module)  # some put another object in their place
    finally:
        if users is not None:
            sys.modules[name] = users
    if users is None:
        put_back({name: module})
    return module


def _next_step(cause: BaseException | None) -> str:
    if isinstance(cause, SystemExit):
        return 'Put what reads arguments or ends the program under `if __name__ == "__main__":`.'
    if isinstance(cause, ModuleNotFoundError):
        return "Install what the file needs, or run from the folder that it imports from."
    return ""


def _leads_here(place: Place) -> bool:
    """Whether the first part of its name is, or would be, imported from where the file is."""
    first = place.name.partition(".")[0]
    if not first:
        return False
    loaded = sys.modules.get(first)
    if loaded is not None:
        return bool(_candidates(place.first[0], first) & _sources(loaded))
    with suppress(Exception):  # finders are anybody's code
        spec = importlib.util.find_spec(first)
        found = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
        real = {Path(entry).resolve() for entry in found if entry}
        return bool(_candidates(place.first[0], first) & real)
    return False


def _candidates(folder: Path, first: str) -> set[Path]:
    """What ``import first`` may find in a folder."""
    whole = folder / first
    return {
        whole.with_name(f"{first}.py").resolve(),
        (whole / "__init__.py").resolve(),
        whole.resolve(),
    }


def _show(project: _Project) -> None:
    """Modules of other projects that are called like one here step aside, as two checkouts of one
    project have them; those of this one are back."""
    for name in {name.partition(".")[0] for name in _known()}:
        loaded = sys.modules.get(name)
        found = _found(project, name) if loaded else set()
        if loaded and found and not found & _sources(loaded):
            take({n: m for n, m in sys.modules.items() if n == name or n.startswith(f"{name}.")})
    known = _known()
    missing = {n: m for n, m in project.modules.items() if sys.modules.get(n) is not m}
    put_back({n: m for n, m in missing.items() if n not in sys.modules or n in known})


def _known() -> set[str]:
    """The names under which modules of ours are loaded."""
    return {
        name
        for project in _PROJECTS.values()
        for name, module in project.modules.items()
        if sys.modules.get(name) is module
    }


def _found(project: _Project, name: str) -> set[Path]:
    for folder in project.folders:
        if found := {path for path in _candidates(folder, name) if path.exists()}:
            return found
    return set()


def _shared(file: Path) -> dict[str, ModuleType]:
    """Modules that were loaded for other files, and that this one is made of too."""
    mine = {*project_files(file)}
    return {name: sys.modules[name] for name in _known() if mine & _sources(sys.modules[name])}


def _new(before: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """The user's modules that were loaded since."""
    return {
        name: module
        for name, module in list(sys.modules.items())
        if before.get(name) is not module
        and isinstance(module, ModuleType)
        and any(map(of_a_project, _sources(module)))
    }


def _sources(module: ModuleType) -> set[Path]:
    return {file.resolve() for file in files_of(module)}


def _digest(file: Path) -> bytes:
    try:
        return sha256(file.read_bytes()).digest()
    except OSError:
        return b""
