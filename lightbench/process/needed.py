"""A package that lightbench needs and that does not load: no fault of ours, and no regression."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from itertools import pairwise
from pathlib import Path
from types import FrameType, ModuleType

from lightbench.errors import MissingPackage

_HERE = str(Path(__file__).parent)
_OURS = ("lightbench", "__main__", "lightbench_user_")  # the last: how a file of the user is called


def not_loading(error: BaseException) -> MissingPackage | None:
    """The sentence if ``error`` was raised while another package was imported, of whatever kind it is:
    libraries of its own may be missing (OSError), or what it needs be of another version. None
    otherwise, and then it may well be a fault of ours."""
    package = _importing(error) or _missing(error)
    if package is None:
        return None
    text = str(error).strip().partition("\n")[0].rstrip(".")
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return MissingPackage(
        f"the package {package} does not load: {said}.",
        f"Try it: {Path(sys.executable).name or 'python'} -c 'import {package}'. `pip check` says what does not fit.",
    )


def _importing(error: BaseException) -> str | None:
    """The package in whose module, while that was executed, it was raised."""
    for frame in _frames(error):
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_name == "<module>" and name and not name.startswith(_OURS):
            return name
    return None


def _missing(error: BaseException) -> str | None:
    """The package that was asked for in vain by us, or has a file that is no Python."""
    if isinstance(error, ImportError) and error.name:
        package = error.name.partition(".")[0]
        return None if package.startswith(_OURS) else package
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        *_, last = _frames(error)
        package = error.obj.__name__.partition(".")[0]
        while_imported = not last.f_code.co_flags & CO_OPTIMIZED  # a module or the body of a class
        return package if while_imported and not package.startswith(_OURS) else None
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith(_HERE):
        file = Path(error.filename)
        inside = [b for a, b in pairwise(file.parts) if a.endswith("-packages")]
        if file.is_file():
            return (
                inside[-1].removesuffix(".py")
                if inside
                else file.stem.replace("__init__", file.parent.name)
            )
    return None


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next
