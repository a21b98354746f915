"""``name(argument=1)`` as users type it, read without evaluating anything."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any


def parse_call(call: str) -> tuple[str, list[Any], dict[str, Any]] | None:
    """``Net`` or ``Net(8, width=0.5)``: the arguments are literals, nothing is evaluated. None for
    anything else."""
    try:
        node = ast.parse(call.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            return node.id, [], {}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            args = [ast.literal_eval(argument) for argument in node.args]
            named = {k.arg: ast.literal_eval(k.value) for k in node.keywords}
            if None not in named:  # Net(**settings)
                return node.func.id, args, {str(key): value for key, value in named.items()}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass  # however Python puts it: this is not a name with literal arguments
    return None


def settings_of(make: Callable[..., Any]) -> str:
    parameters = inspect.signature(make).parameters.values()
    return f"({', '.join(p.name if p.default is p.empty else f'{p.name}={p.default!r}' for p in parameters)})"
