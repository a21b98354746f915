"""A network from a Python file of the user's: the file is imported as Python would, then called."""

from __future__ import annotations

import ast
import contextlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightbench.errors import NotAvailable, NotThere, UsageError, nearest
from lightbench.models._calls import parse_call
from lightbench.models._loaded import at_home, module_of
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
        module = module_of(file.resolve())
        factory = getattr(module, name, None)
        if factory is None:
            near = nearest(name, vars(module), most=2)
            raise NotThere(
                f"{str(path)!r} has no {name!r}.",
                f"Did you mean {' or '.join(near)}?" if near else _offer(path),
            )
        with at_home(file.resolve()):
            return _build(factory, name, args, kwargs, path)

    specs = (InputSpec.parse(DEFAULT_INPUT),)
    return Source(build, specs, load=lambda: module_of(file.resolve()))


def _offer(path: Path) -> str:
    """What the file defines, so that the next try can be right."""
    with contextlib.suppress(SyntaxError, ValueError, OSError, NotAvailable):
        nodes = ast.parse(placed(path).read_text(encoding="utf-8")).body
        classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
        if classes:
            return f"Write {path}:{classes[0]} (it defines {', '.join(classes[:8])})."
    return f"Write {path}:Class or {path}:factory(argument=1)."


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
