"""A model file where a network is expected: it can be counted and loaded, and PyTorch cannot run it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor, nn

from lightbench import registry
from lightbench.errors import (
    LightbenchError,
    MissingPackage,
    ModelError,
    UsageError,
    how_to_install,
)
from lightbench.graphs import FORMAT, Graph, Input, readers
from lightbench.records.failure import explain_plainly
from lightbench.records.inputs import INPUT_DTYPES
from lightbench.units import shape as size_text
from lightbench.workers import journal

# Names by which pip knows a package, where that is not the one that Python imports.
MODULES = {"ai-edge-litert": "ai_edge_litert"}


class Reading(NamedTuple):
    """What an engine reads of it: a file or a network of its own framework, the inputs by their names, its size, and
    the seconds that it took to make."""

    model: Any
    inputs: Mapping[str, Tensor]
    size_bytes: int
    seconds: float = 0.0


class FileNetwork(nn.Module):
    """A file of a ``model format``. It has no modules and no parameters: what it stores, it stores folded."""

    what = "a model file"

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__()
        self.path, self.kind, self.name = path, kind, path.name
        self.inputs = inputs_of(path, kind)
        self._content = _digest(path, kind)

    def extra_repr(self) -> str:
        """Which file it is, by its content: two files of one structure are two networks."""
        return f"{self.kind}, {self._content}"

    def forward(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Raises UsageError: no PyTorch runs it."""
        raise UsageError(
            f"{self.name} is {self.what}, which PyTorch does not run.", self.who_reads()
        )

    def who_reads(self) -> str:
        """The engines to try, in words."""
        names = readers(self.path.suffix.lower())
        return f"Try --engine {' or '.join(names)}." if names else "No engine here reads it."

    def reading(
        self, engine: str, reads: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Reading:
        """What ``engine`` loads, which reads files of these suffixes. Raises UsageError."""
        if self.path.suffix.lower() not in reads:
            raise UsageError(f"{engine} does not read {self.name}.", self.who_reads())
        return Reading(self.path, self.bound(args, kwargs), self.path.stat().st_size)

    def graph(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
        """What it computes for arguments of these shapes. Raises UsageError, ModelError, MissingPackage."""
        shapes = {name: tuple(x.shape) for name, x in self.bound(args, kwargs).items()}
        found: Graph = _read(self.path, self.kind, "graph", self.path, shapes)
        return found

    def reference_s(self, graph: Graph) -> float | None:
        """About how many seconds a call of its format's own implementation takes; None: there is none."""
        reader = registry.load(FORMAT, self.kind)
        if not hasattr(reader, "reference_s"):
            return None
        seconds: float = reader.reference_s(graph)
        return seconds

    def reference(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], dtype: str
    ) -> Callable[[], list[Tensor]]:
        """A call of that implementation, in "float32" or "float64", which answers to what is in the arguments then.
        Raises whatever it does for a file that it cannot run."""
        run = registry.load(FORMAT, self.kind).reference(self.path, dtype)
        wide, inputs = getattr(torch, dtype), self.bound(args, kwargs)

        def call() -> list[Tensor]:
            given = {name: _at_least(x.detach(), wide).numpy() for name, x in inputs.items()}
            return [torch.tensor(y) for y in run(given)]

        return call

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Tensor]:
        """The arguments by the names that its inputs have. Raises UsageError for what it does not take."""
        rest = [one for one in self.inputs if one.name not in kwargs]
        strange = kwargs.keys() - {one.name for one in self.inputs}
        if len(args) != len(rest) or strange:
            raise UsageError(
                f"{self.path.name} takes {self._takes()}, and is given {self._given(args, kwargs)}.",
                self._hint(),
            )
        found = {one.name: arg for one, arg in zip(rest, args, strict=True)} | dict(kwargs)
        for one in self.inputs:
            self._check(one, found[one.name])
        return {one.name: found[one.name] for one in self.inputs}

    def _check(self, one: Input, tensor: Any) -> None:
        fits = isinstance(tensor, Tensor) and len(tensor.shape) == len(one.sizes)
        if fits:
            sizes = zip(one.sizes, tensor.shape, strict=True)
            fits = all(size in (wanted, size) if isinstance(wanted, str) else size == wanted for wanted, size in sizes)  # fmt: skip
        if not fits or tensor.dtype != getattr(torch, one.dtype, None):
            given = size_text(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
            kind = f":{tensor.dtype}".replace("torch.", "") if isinstance(tensor, Tensor) else ""
            raise UsageError(
                f"the input {one.name!r} of {self.path.name} is {one}, and is given {given or 'one number'}{kind}.",
                self._hint(),
            )

    def _takes(self) -> str:
        return ", ".join(f"{one.name}={one}" for one in self.inputs) or "no input"

    def _given(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        tensors = [*args, *kwargs.values()]
        return ", ".join(size_text(getattr(x, "shape", ())) for x in tensors) or "none"

    def _hint(self) -> str:
        """What to type; which sizes are open, and which are fixed."""
        if open_sizes := [
            s or "?" for one in self.inputs for s in one.sizes[1:] if isinstance(s, str)
        ]:
            names = ", ".join(dict.fromkeys(open_sizes))
            return (
                f"Its sizes {names} are open: say them with --input, without the batch: 3x224x224."
            )
        if self.inputs and all(isinstance(s, int) for one in self.inputs for s in one.sizes):
            return "Its sizes are fixed: leave out --input and --batch, and take its own precision."
        return "Leave out --input: it says itself what it takes; --batch is open."


def _at_least(tensor: Tensor, wide: torch.dtype) -> Tensor:
    narrow = tensor.is_floating_point() and tensor.dtype.itemsize < wide.itemsize
    return tensor.to(wide) if narrow else tensor


def inputs_of(path: Path, kind: str) -> tuple[Input, ...]:
    """What a file takes. Raises ModelError for one that cannot be read, MissingPackage."""
    found: tuple[Input, ...] = _read(path, kind, "inputs", path)
    for one in found:
        wrong = (
            "has a size below zero" if any(isinstance(n, int) and n < 0 for n in one.sizes) else ""
        )
        if one.dtype not in INPUT_DTYPES:
            wrong = f"is of {one.dtype}, of which nothing can be made here"
        if wrong:
            raise ModelError(f"{path.name} cannot be read: its input {one.name!r} {wrong}.")
    return found


def files_of(path: Path, kind: str) -> tuple[Path, ...]:
    """The file and what belongs to it; itself alone where it cannot be read."""
    with suppress(LightbenchError):
        found: tuple[Path, ...] = _read(path, kind, "files", path)
        return found
    return (path,)


def _read(path: Path, kind: str, what: str, *how: Any) -> Any:
    """What a format's function says of a file. Raises ModelError, MissingPackage."""
    reader: ModuleType = registry.load(FORMAT, kind)
    for package in reader.PACKAGES:
        if find_spec(MODULES.get(package, package)) is None:
            raise MissingPackage(
                f"{package} is not installed, which reads {path.name}.",
                how_to_install(*reader.PACKAGES),
            )
    try:
        return getattr(reader, what)(*how)
    except ModelError as error:
        raise ModelError(f"{path.name} cannot be read: {error.message}", error.hint) from error
    except BaseException as error:
        journal.let_through(error)
        known = explain_plainly(f"{path.name} cannot be read as {reader.SUFFIXES[0]}", error)
        raise ModelError(known.message, "Is it complete, and of that format?") from error


def _digest(path: Path, kind: str) -> str:
    digest = hashlib.sha256()
    for file in files_of(path, kind):
        with suppress(OSError), file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:16]
