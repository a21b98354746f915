"""A plugin is a file: names come from the directory listing, and nothing is imported to list them.

Third parties add a device, an engine, a model family, ... through the entry point groups
``lightbench.devices``, ``lightbench.engines``, ... whose values name a module.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lightbench.errors import NotAvailable, UnknownName

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = Path(__file__).parent


class Kind(NamedTuple):
    """Where the plugins of a kind are: what the star stands for is a plugin's name."""

    group: str  # of the entry points by which other packages add some
    files: tuple[str, ...]


KINDS = {
    "device": Kind("lightbench.devices", ("devices/*.py",)),
    "engine": Kind("lightbench.engines", ("engines/*.py",)),
    "model family": Kind("lightbench.models", ("models/zoo/*.py",)),
    "model format": Kind("lightbench.graphs", ("graphs/*.py",)),
    "data set": Kind("lightbench.datasets", ("datasets/*.py",)),
    "format": Kind("lightbench.formats", ("formats/*.py",)),
    "figure": Kind("lightbench.figures", ("studies/*/figure.py", "reports/figures/*.py")),
    "guideline": Kind("lightbench.guidelines", ("studies/guidelines/experiments/*.py",)),
    "lint rule": Kind("lightbench.lint", ("studies/lint/rules/*.py",)),
    "lint rewrite": Kind("lightbench.rewrites", ("studies/lint/rewrites/*.py",)),
    "report part": Kind("lightbench.reports", ("studies/*/section.py", "reports/parts/*.py")),
    "study": Kind("lightbench.studies", ("studies/*/gather.py",)),
    "command": Kind("lightbench.commands", ("cli/commands/*.py",)),
}


@cache
def _files(kind: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for pattern in KINDS[kind].files:
        for path in sorted(PACKAGE.glob(pattern)):
            name = path.stem if "*" in Path(pattern).name else path.parent.name
            if name[0] != "_":
                found.setdefault(name, path)
    return found


@cache
def _entry_points(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=KINDS[kind].group)}


def names(kind: str) -> tuple[str, ...]:
    """Every plugin of a kind: the files of its folder, then what third parties add."""
    own = _files(kind)
    return (*own, *(name for name in _entry_points(kind) if name not in own))


def load(kind: str, name: str) -> ModuleType:
    """Import one plugin. Raises UnknownName, or NotAvailable if a third party's plugin is broken."""
    if name in _files(kind):
        path = _files(kind)[name].relative_to(PACKAGE.parent).with_suffix("")
        return importlib.import_module(".".join(path.parts))
    if name not in _entry_points(kind):
        raise UnknownName(kind, name, names(kind))
    point = _entry_points(kind)[name]
    try:
        return importlib.import_module(point.module)
    except Exception as error:
        raise NotAvailable(
            f"the {kind} {name!r} comes from another package ({point.value}) and does not load: {error!r}.",
            "Update or uninstall that package.",
        ) from error


def file(kind: str, name: str) -> Path | None:
    """The plugin's file; None where it cannot be had without importing it."""
    if name in _files(kind):
        return _files(kind)[name]
    with suppress(Exception):  # another package may be broken in any way: only its own use fails
        spec = importlib.util.find_spec(_entry_points(kind)[name].module)
        return Path(spec.origin) if spec and spec.origin else None
    return None


@cache
def _syntax(kind: str, name: str) -> ast.Module | None:
    """The plugin's source; None where it cannot be had without importing it."""
    if name in _files(kind):
        return ast.parse(_files(kind)[name].read_text(encoding="utf-8"))
    with suppress(Exception):
        return ast.parse(Path(str(file(kind, name))).read_text(encoding="utf-8"))
    return None


def summary(kind: str, name: str) -> str:
    """First line of the plugin's docstring, read without importing it."""
    syntax = _syntax(kind, name)
    return ((ast.get_docstring(syntax) if syntax else None) or "").partition("\n")[0]


def literal(kind: str, name: str, variable: str) -> Any:
    """A module-level table that is a pure literal, read without importing; None if there is none."""
    syntax = _syntax(kind, name)
    for node in syntax.body if syntax else ():
        if (
            isinstance(node, (ast.Assign, ast.AnnAssign))
            and node.value
            and variable in _bound(node)
        ):
            with suppress(ValueError):
                return ast.literal_eval(node.value)
    return None


def binds(kind: str, name: str, variable: str) -> bool:
    """Does the plugin's file define this name, or take it from elsewhere? It is read, not imported."""
    syntax = _syntax(kind, name)
    return any(variable in _bound(node) for node in (syntax.body if syntax else ()))


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]
