"""Which networks torchvision and timm have, as their source says: neither is imported, which takes seconds."""

from __future__ import annotations

import re
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

LIBRARIES = ("torchvision", "timm")  # in which a name is looked up, one after the other
_REGISTERED = re.compile(
    r'^@register_model\b(?:\(name="([^"]+)"\))?.*?^def (\w+)\(', re.MULTILINE | re.DOTALL
)


@cache
def names_in(library: str) -> frozenset[str]:
    """The networks that an installed library registers by a decorator; none of one that is not there."""
    package = PathFinder.find_spec(library)
    return frozenset(
        named or function
        for folder in (package.submodule_search_locations if package else None) or ()
        for file in Path(folder, "models").rglob("*.py")
        for named, function in _REGISTERED.findall(file.read_text(encoding="utf-8"))
    )


def in_library(name: str) -> str | None:
    """``torchvision:resnet101`` of ``resnet101``; None for what no library has."""
    found = (f"{library}:{name}" for library in LIBRARIES if name in names_in(library))
    return next(found, None)
