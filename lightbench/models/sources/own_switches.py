"""What a network's own files set of the process's switches when they are imported.

A module is imported once, and what it sets is put back after the first network that needs it: so it
is remembered by file, for the next network of that file, or of another one that imports it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from lightbench.errors import LightbenchError
from lightbench.models.sources import file_of
from lightbench.models.sources.project_files import INSTALLED, project_files
from lightbench.models.sources.source_trees import placed
from lightbench.process import switches

_SET: dict[tuple[Path, str], dict[str, Any]] = {}


@contextmanager
def loading(model: str | None) -> Iterator[dict[str, Any]]:
    """Inside, the network ``model`` (None: it has no name) is built. What is given is filled in
    afterwards: the switches that are its own, which are then in force. Those that the case decides
    are as they were."""
    own: dict[str, Any] = {}
    before = switches.now()
    with _noting():
        yield own
    found = switches.own(before)
    own.update({**(_remembered(model) if model else {}), **found})
    switches.put({name: value for name, value in own.items() if name not in found})


@contextmanager
def _noting() -> Iterator[None]:
    """What each file sets while it is imported is remembered."""
    execute = SourceFileLoader.exec_module

    def noting(loader: SourceFileLoader, module: ModuleType) -> None:
        path = Path(loader.path)
        if INSTALLED.intersection(path.parts):
            execute(loader, module)
            return
        before = switches.now()
        execute(loader, module)
        if found := switches.changed(before):
            _SET.setdefault(_version(path), {}).update(switches.without_cases(found))

    SourceFileLoader.exec_module = noting  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        SourceFileLoader.exec_module = execute  # type: ignore[method-assign]


def _remembered(model: str) -> dict[str, Any]:
    file = file_of(model)
    if file is None or not _SET:
        return {}
    with suppress(LightbenchError, OSError):
        files = project_files(placed(file))
        return {name: v for path in files for name, v in _SET.get(_version(path), {}).items()}
    return {}


def _version(path: Path) -> tuple[Path, str]:
    """A file as it is now: it may be changed and imported again."""
    path = path.resolve()
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
