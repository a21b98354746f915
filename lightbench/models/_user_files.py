"""A network from a Python file of the user's: the file is imported as Python would, then called."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lightbench.errors import NotAvailable, NotThere, UsageError, nearest
from lightbench.models._calls import parse_call
from lightbench.models._source import DEFAULT_INPUT, Source, made
from lightbench.models._trees import placed
from lightbench.records import InputSpec

if TYPE_CHECKING:
    from torch import nn


def is_file(model: str) -> bool:
    """Does this name code in a file, which runs when the network is built?"""
    return ".py:" in model or model.endswith(".py")


def file_of(model: str) -> Path | None:
    """The file that a name runs, as the user wrote it, whether there is one or not; None for a name
    that is of no file."""
    stem, colon, _call = model.rpartition(".py:")
    return Path(f"{stem}.py" if colon else model) if is_file(model) else None


def from_file(model: str) -> Source:
    _, colon, call = model.rpartition(".py:")
    path = Path(file_of(model) or model)  # as the user wrote it, which messages repeat
    file = placed(path)
    if not file.is_file():
        raise NotThere(f"there is no file {str(path)!r}.", "Write path/file.py:Class.")
    parsed = parse_call(call if colon else "")
    if parsed is None:
        raise UsageError(f"cannot read the model {model!r}.", _offer(path))
    name, args, kwargs = parsed

    def build() -> nn.Module:
        module = _import(file.resolve())
        factory = getattr(module, name, None)
        if factory is None:
            near = nearest(name, vars(module), most=2)
            raise NotThere(
                f"{str(path)!r} has no {name!r}.",
                f"Did you mean {' or '.join(near)}?" if near else _offer(path),
            )
        with _beside(file.resolve()):
            return _build(factory, name, args, kwargs, path)

    return Source(build, (InputSpec.parse(DEFAULT_INPUT),))


def _offer(path: Path) -> str:
    """What the file defines, so that the next try can be right."""
    with contextlib.suppress(SyntaxError, ValueError, OSError, NotAvailable):
        nodes = ast.parse(placed(path).read_text(encoding="utf-8")).body
        classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
        if classes:
            return f"Write {path}:{classes[0]} (it defines {', '.join(classes[:8])})."
    return f"Write {path}:Class or {path}:factory(argument=1)."


_USER = "lightbench_user_"  # how modules that are a user's file begin


def _import(path: Path) -> ModuleType:
    """Run the file anew. One in a package is that package's module, so that it can import from ``.``;
    what was loaded under that name before, the user's own or an earlier one, stays under it."""
    own = f"{_USER}{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    with _beside(path):
        name = _name_in_package(path) or own
        before = sys.modules.get(name)
        package = name.rpartition(".")[0]
        if package:
            made(f"the package {package} fails when it is imported", import_module, package)
        if before is None and name in sys.modules:  # its package has just done it
            sys.modules[own] = sys.modules[name]
            return sys.modules[own]
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{str(path)!r} cannot be imported as Python.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = sys.modules[own] = module
        try:
            made(f"{path.name} fails when it is imported", spec.loader.exec_module, module)
        except BaseException:
            for key in {name, own}:
                sys.modules.pop(key, None)
            raise
        finally:
            if before is not None and name != own:
                sys.modules[name] = before
        if package and before is None:
            setattr(sys.modules[package], name.rpartition(".")[2], module)
        return module


def _name_in_package(path: Path) -> str:
    """``package.sub.net``; "" for a file that is in no package, or in one that is called like another
    package that is loaded."""
    top = _top(path)
    parts = path.with_suffix("").relative_to(top).parts
    if len(parts) == 1 or "." in path.stem:
        return ""
    loaded = sys.modules.get(parts[0])
    file = getattr(loaded, "__file__", None) if loaded else top / parts[0] / "__init__.py"
    if file is None or Path(file).resolve() != (top / parts[0] / "__init__.py").resolve():
        return ""
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _top(path: Path) -> Path:
    """The folder that holds the outermost package that ``path`` is in; its own folder without one."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        folder = folder.parent
    return folder


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[None]:
    """The file may import its neighbours, as when Python runs it, and the package it is in. What is
    compiled is not kept: a file that changes twice in a second would be taken for what it was."""
    folders = list(dict.fromkeys((path.parent, _top(path))))
    _step_aside(set(folders))
    sys.path[:0] = map(str, folders)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        for folder in folders:
            sys.path.remove(str(folder))


def _step_aside(folders: set[Path]) -> None:
    """Forget neighbours of other files that are called like a neighbour in ``folders``: two checkouts
    of one project can be compared, each with its own modules."""
    users = [module for name, module in sys.modules.items() if name.startswith(_USER)]
    files = [Path(str(module.__file__)) for module in users]
    here = {name for folder in folders for name in _packages(folder)}
    for other in {folder for file in files for folder in (file.parent, _top(file))} - folders:
        for name, file in _packages(other).items():
            if name in here and getattr(sys.modules.get(name), "__file__", None) == str(file):
                for inside in [n for n in sys.modules if n == name or n.startswith(f"{name}.")]:
                    del sys.modules[inside]


def _packages(folder: Path) -> dict[str, Path]:
    """What a file in ``folder`` can import from there: name -> file."""
    files = {file.stem: file for file in folder.glob("*.py")}
    return files | {file.parent.name: file for file in folder.glob("*/__init__.py")}


def _build(
    factory: Any, name: str, args: list[Any], kwargs: dict[str, Any], path: Path
) -> nn.Module:
    from torch import nn  # lists and help must not wait for it

    if isinstance(factory, nn.Module):
        return factory
    if not callable(factory):
        raise UsageError(
            f"{name!r} in {str(path)!r} is neither a class nor a function.", _offer(path)
        )
    try:
        inspect.signature(factory).bind(*args, **kwargs)
    except TypeError as error:
        parameters = inspect.signature(factory).parameters.values()
        needed = ", ".join(
            p.name
            for p in parameters
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        )
        raise UsageError(
            f"{name} cannot be built with these arguments: {error}.",
            f"Write {path}:{name}({needed and needed.replace(',', '=...,') + '=...'}).",
        ) from error
    except ValueError:  # no signature to be had
        pass
    network = made(f"{name} cannot be built", factory, *args, **kwargs)
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"{name} gives a {type(network).__name__}, not a torch.nn.Module.", _offer(path)
        )
    return network
