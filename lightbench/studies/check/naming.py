"""One network has many names: ``net.py:Net``, ``./net.py:Net()``, a whole path, a linked folder."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from lightbench.models import sources
from lightbench.records import Case, Record


def meaning(model: str) -> str:
    """The same text for all ways to write one network: where its file really is, without links, and
    its call as Python writes it, without empty brackets, named arguments by the alphabet."""
    if named := sources.split_name(model):
        return f"{os.path.realpath(named.file)}:{_call(named.call)}"
    source, colon, call = model.partition(":")
    return f"{source.strip()}{colon}{_call(call)}"


def _call(text: str) -> str:
    with suppress(
        SyntaxError, ValueError, RecursionError, MemoryError
    ):  # it is no Python: as it is
        node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Call):
            node.keywords.sort(key=lambda keyword: keyword.arg or "")
            return ast.unparse(node if node.args or node.keywords else node.func)
        return ast.unparse(node)
    return text.strip()


def beside(model: str, folder: Path) -> str:
    """How a name that is written in a file of ``folder`` is written where we stand."""
    named = sources.split_name(model)
    if named is None or named.file.is_absolute() or folder.resolve() == Path.cwd():
        return model
    return f"{os.path.relpath(folder / named.file)}{':' if named.call else ''}{named.call}"


def respelled(stored: Sequence[Record], cases: Sequence[Case]) -> list[Record]:
    """The records under the names that the same networks have among ``cases``."""
    names = {meaning(case.model): case.model for case in cases}
    return [
        replace(record, case=replace(record.case, model=name))
        if (name := names.get(meaning(record.case.model), record.case.model)) != record.case.model
        else record
        for record in stored
    ]
