"""Where a network that comes from a file is defined, for annotations beside the code."""

from __future__ import annotations

import ast
from contextlib import suppress

from lightbench.models import sources


def source_of(model: str) -> tuple[str, int] | None:
    """File and line of the class or function that ``path/file.py:Net(8)`` names; None for networks
    that come from elsewhere. Nothing is run."""
    named = sources.split_name(model)
    if named is None:
        return None
    path = named.file
    name = named.call.partition("(")[0].partition(".")[0].strip()
    with suppress(OSError, SyntaxError, ValueError):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return str(path), node.lineno
    return str(path), 1
