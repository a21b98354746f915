"""``name(argument=1)`` as users type it, read without evaluating anything."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """A name among arguments: ``nn.SiLU``, ``torch.int8``."""

    name: str


class Call(NamedTuple):
    """``Net(8, width=0.5)``; the name may be dotted, as ``Net.from_name``. Arguments are values, and
    where names are allowed also a `Reference`, another `Call`, and containers of them."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]


def parse_call(call: str, *, names: bool = False) -> Call | None:
    """A name, or a call of one. Its arguments are literals, with ``names`` also names and calls of
    names; nothing is evaluated. None for anything else."""
    try:
        node = ast.parse(call.strip(), mode="eval").body
        if names:
            return Call(_dotted(node), [], {}) if _is_dotted(node) else _named_call(node)
        if isinstance(node, ast.Name):
            return Call(node.id, [], {})
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return _call(node.func.id, node, ast.literal_eval)
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        pass  # however Python puts it: this is not a name with such arguments
    return None


def _named_call(node: Any) -> Call:
    """Raises ValueError or AttributeError for what is no call of a name."""
    return _call(_dotted(node.func), node, _argument)


def _call(name: str, node: ast.Call, read: Callable[[Any], Any]) -> Call:
    named = {keyword.arg: read(keyword.value) for keyword in node.keywords}
    if None in named:
        raise ValueError("Net(**settings)")
    kwargs = {str(key): value for key, value in named.items()}
    return Call(name, [read(argument) for argument in node.args], kwargs)


def _argument(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _named_call(node)
    if _is_dotted(node):
        return Reference(_dotted(node))
    if isinstance(node, ast.List):
        return [_argument(one) for one in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_argument(one) for one in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        values = [_argument(value) for value in node.values]
        return dict(zip(map(ast.literal_eval, filter(None, node.keys)), values, strict=True))
    return ast.literal_eval(node)


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _dotted(node: ast.expr) -> str:
    """``nn.SiLU``. Raises ValueError for what is no name, or one of Python's own, ``__class__``."""
    name = ast.unparse(node)
    if not _is_dotted(node) or any(part.startswith("__") for part in name.split(".")):
        raise ValueError(name)
    return name


def resolved(value: Any, look: Callable[[str], Any], call: Callable[[Call], Any]) -> Any:
    """An argument, with what ``look`` gives for its names and ``call`` for its calls."""
    match value:
        case Reference():
            return look(value.name)
        case Call():
            return call(value)
        case list() | tuple():
            return type(value)(resolved(one, look, call) for one in value)
        case dict():
            return {key: resolved(one, look, call) for key, one in value.items()}
    return value


def settings_of(make: Callable[..., Any]) -> str:
    parameters = inspect.signature(make).parameters.values()
    return f"({', '.join(p.name if p.default is p.empty else f'{p.name}={p.default!r}' for p in parameters)})"
