"""What a user's file imports only while its network runs is found where it is while that is built."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _LateFinder(MetaPathFinder):
    """The last to be asked, for names that nobody else finds: it looks in the folders of the project
    whose file asks."""

    def __init__(self) -> None:
        self.folders: dict[str, Sequence[str]] = {}  # folder of the file that asks -> where to look

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if path is not None:  # a package knows its own folders
            return None
        folders = self.folders.get(os.path.dirname(_asking()))  # noqa: PTH120  it is asked often
        return PathFinder.find_spec(fullname, folders, target) if folders else None


_FINDER = _LateFinder()


def found_later(modules: Iterable[ModuleType], folders: Sequence[str]) -> None:
    """From now on, what these modules import is looked for in these folders, too."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    for module in modules:
        if isinstance(file := vars(module).get("__file__"), str):
            _FINDER.folders[os.path.dirname(file)] = folders  # noqa: PTH120


def _asking() -> str:
    """The file whose code asks for the import that is going on."""
    frame = sys._getframe(2)  # noqa: SLF001  there is no other way to it that is cheap
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "importlib":
        frame = frame.f_back
    return frame.f_code.co_filename
