"""A network from a Python file of the user's: the file is imported as Python would, then called."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from lightbench.errors import NotAvailable, NotThere, UsageError
from lightbench.graphs import format_of
from lightbench.models.sources.built import FACTORY
from lightbench.models.sources.built import build as built
from lightbench.models.sources.calls import parse_call
from lightbench.models.sources.loaded import at_home, module_of
from lightbench.models.sources.model_names import Named, split_name
from lightbench.models.sources.offer import hint as offer
from lightbench.models.sources.source import DEFAULT_INPUT, Source
from lightbench.models.sources.source_trees import placed
from lightbench.records.inputs import InputSpec

if TYPE_CHECKING:
    from torch import nn


def is_file(model: str) -> bool:
    """Does this name code in a file, which runs when the network is built, or a model file?"""
    return split_name(model) is not None or format_of(model) is not None


def file_of(model: str) -> Path | None:
    """The file that a name runs, as the user wrote it, whether there is one or not, that of the module
    that it names, or a model file; None for a name that is of no file."""
    if named := split_name(model):
        return named.file
    return Path(model) if format_of(model) else None


def from_file(model: str) -> Source:
    """A network of a file, or of a module that Python can import. Raises NotThere, UsageError."""
    said, path, call = split_name(model) or Named(model, Path(model), "")
    file = placed(path)
    if not file.is_file():
        raise NotThere(f"there is no file {str(path)!r}.", "Write path/file.py:Class.")
    parsed = parse_call(call, names=True)
    if parsed is None:
        hint = f"{FACTORY} {_offer(said, path)}" if "(" in call else _offer(said, path)
        raise UsageError(f"cannot read the model {model!r}.", hint)

    def build() -> nn.Module:
        from lightbench.graphs.support.cells import seeded  # imports torch

        module = module_of(file.resolve())
        with at_home(file.resolve()), seeded():
            return built(module, parsed, said, _offer(said, path))

    specs = (InputSpec.parse(DEFAULT_INPUT),)
    return Source(build, specs, load=lambda: module_of(file.resolve()))


def _offer(said: str, path: Path) -> str:
    """What the file defines, so that the next try can be right."""
    with contextlib.suppress(SyntaxError, ValueError, OSError, RecursionError, NotAvailable):
        if found := offer(said, placed(path).read_text(encoding="utf-8")):
            return found
    return f"Write {said}:Class or {said}:factory(argument=1)."
