"""``path/net.py:Net(8)`` and ``package.net:Net(8)``: the file that a model's name means, and the call."""

from __future__ import annotations

import re
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

from lightbench.models.sources.calls import parse_call
from lightbench.models.sources.source import LIBRARY_PREFIXES


class Named(NamedTuple):
    """A model's name in its parts: how the user calls the file, the file, and what to call there."""

    said: str
    file: Path
    call: str


def split_name(model: str) -> Named | None:
    """None for a name that is of no file. Nothing is imported or run."""
    ends = [found.end() for found in re.finditer(r"\.py:", model)]
    if ends:  # a text among the arguments may have the same signs
        end = next((end for end in ends if parse_call(model[end:], names=True)), ends[-1])
        return Named(model[: end - 1], Path(model[: end - 1]), model[end:])
    if model.endswith(".py"):
        return Named(model, Path(model), "")
    module, colon, call = model.partition(":")
    file = module_file(module) if colon and module not in LIBRARY_PREFIXES else None
    return Named(module, file, call) if file else None


def module_file(module: str) -> Path | None:
    """The Python file of ``package.net``, as Python would find it, or below the current folder. Of
    its packages none is imported, so none can say that it is elsewhere."""
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    spec = _found(parts[0], None) or PathFinder.find_spec(parts[0], [str(Path.cwd())])
    for depth in range(1, len(parts)):
        if spec is None or spec.submodule_search_locations is None:
            return None
        folders = list(spec.submodule_search_locations)
        spec = _found(".".join(parts[: depth + 1]), folders)
    origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _found(name: str, folders: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, folders)
        except Exception:  # noqa: BLE001, S112  finders are anybody's code
            continue
        if spec is not None:
            return spec
    return None
