"""Networks that are files, not code: what is in them, one format a file.

A format has

- ``SUFFIXES`` of its files, lower case, and ``PACKAGES``, those that read them, by the names that pip knows,
- ``files(path) -> tuple[Path, ...]``: the file, and what belongs to it,
- ``inputs(path) -> tuple[Input, ...]``,
- ``graph(path, shapes) -> Graph``, for inputs of these shapes, by their names,
- if its makers have an implementation of it that no engine shares ``reference(path, dtype)``, which gives a call, NumPy's
  arrays by the names of inputs -> arrays, whose floating-point numbers are of "float32" or "float64" at the least; and
  ``reference_s(graph) -> float``, about how many seconds that takes.

Nothing but ``reference`` runs what is in a file. Whatever it raises for one that it cannot read is explained by `FileNetwork`
(``graphs/support/network.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lightbench import registry
from lightbench.records.costs import Kind

FORMAT = "model format"
CELL = "mindspore.nn.Cell"  # what engines say that they read which run MindSpore's networks
Shape = tuple[int, ...]


class Input(NamedTuple):
    """What a file is given. A size is a number, or the name of what is open: "" for one without a name."""

    name: str
    sizes: tuple[int | str, ...]
    dtype: str  # as PyTorch calls it

    def __str__(self) -> str:
        return f"{'x'.join(str(size) or '?' for size in self.sizes) or 'one number'}:{self.dtype}"


class Value(NamedTuple):
    """A tensor in a graph. ``constant``: stored in the file, or computed of such alone."""

    name: str
    shape: Shape | None  # None: not known before it is there
    bits: int = 32  # of an element
    constant: bool = False


class Work(NamedTuple):
    """What a node computes; its weight has this shape."""

    kind: Kind
    madds: int = 0
    weight: Shape | None = None
    stride: Shape = ()
    groups: int = 1
    bias: bool = False


class Node(NamedTuple):
    """A node that is run in each call: none of constants alone. ``work`` is None where no rule is known for
    it, or for shapes that are not known."""

    path: str  # the module that it was exported from, or its own name
    module: str  # that module's class, or ""
    op: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    work: Work | None
    view: bool = False  # moves nothing


class Graph(NamedTuple):
    """The nodes in the order in which they run, and all numbers that the file keeps."""

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    stored_params: int
    stored_bytes: int


def format_of(model: str) -> str | None:
    """The format of the file that a model's name is; None for a name that is none. Nothing is imported."""
    suffix = Path(model).suffix.lower()
    for name in registry.names(FORMAT) if suffix else ():
        if suffix in (registry.literal(FORMAT, name, "SUFFIXES") or ()):
            return name
    return None


def readers(suffix: str) -> list[str]:
    """The engines that read files of this suffix, or run a `CELL`."""
    names = registry.names("engine")
    return [name for name in names if suffix in (registry.literal("engine", name, "READS") or ())]
