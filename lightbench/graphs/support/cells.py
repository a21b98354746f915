"""MindSpore's networks: a Cell where a network is expected.

It is counted, and run by the engines that read ONNX, through the export that MindSpore itself makes; MindSpore runs the
Cell. Nothing here imports MindSpore before there is a Cell, whose file has done so.
"""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.errors import LightbenchError, ModelError, UsageError
from lightbench.graphs import CELL, Graph, readers
from lightbench.graphs.support.network import FileNetwork, Reading
from lightbench.process.streams import unheard
from lightbench.records.failure import explain_plainly
from lightbench.workers import journal

FRAMEWORK, EXPORT, SUFFIX = "mindspore", "onnx", ".onnx"


def is_cell(value: Any) -> bool:
    """Is it a network of MindSpore's?"""
    return is_cell_class(type(value))


def is_cell_class(kind: Any) -> bool:
    """Is it a class of such networks?"""
    return isinstance(kind, type) and any(
        base.__name__ == "Cell" and base.__module__.partition(".")[0] == FRAMEWORK
        for base in kind.__mro__
    )


@contextmanager
def seeded() -> Iterator[None]:
    """Inside, MindSpore's random weights are the same each time; NumPy's numbers, which it draws with, go on as before.
    Nothing, where nobody has imported it."""
    if (mindspore := sys.modules.get(FRAMEWORK)) is None:
        yield
        return
    import numpy as np

    before = np.random.get_state()  # noqa: NPY002  it is this one that MindSpore seeds
    mindspore.set_seed(0)
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


class CellNetwork(FileNetwork):
    """A Cell, and the model files that it is exported to: one for the shapes of each input that it is asked for."""

    what = "a Cell of MindSpore's"

    def __init__(self, cell: Any) -> None:
        nn.Module.__init__(self)  # there is no file before there are inputs
        self.cell, self.name, self.kind = cell, type(cell).__name__, EXPORT
        self._files: dict[tuple[Any, ...], tuple[FileNetwork, float]] = {}
        self._folder = Path(mkdtemp())
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def extra_repr(self) -> str:
        """Its parts with their settings, and the shapes of what it has learnt."""
        shapes = "\n".join(f"{p.name} {tuple(p.shape)}" for p in self.cell.get_parameters())
        return f"{self.cell}\n{shapes}"

    def who_reads(self) -> str:
        """The engines to try, in words."""
        return f"Try --engine {' or '.join((*readers(CELL), *readers(SUFFIX)))}."

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Tensor]:
        """The arguments by their names in ``construct``. Raises UsageError for what it does not take."""
        takes = inspect.signature(self.cell.construct)
        try:
            found = takes.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise UsageError(
                f"the construct of {self.name} takes {takes}, and other inputs are given: {error}.",
                "Give one --input for each of them.",
            ) from error
        if not all(isinstance(one, Tensor) for one in found.values()):
            raise UsageError(
                f"{self.name} is exported with one tensor for each argument of its construct.",
                "Name them one by one there: no *inputs, no lists.",
            )
        return dict(found)

    def graph(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
        """What its export computes for arguments of these shapes. Raises UsageError, ModelError, MissingPackage."""
        given = self.bound(args, kwargs)
        return self._exported(given)[0].graph((), given)

    def reference(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], dtype: str
    ) -> Callable[[], list[Tensor]]:
        """A call of the export in ONNX's own implementation. Raises whatever that does."""
        given = self.bound(args, kwargs)
        return self._exported(given)[0].reference((), given, dtype)

    def reading(
        self, engine: str, reads: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Reading:
        """The Cell itself for an engine that runs it, its export for one that reads that. Raises a LightbenchError."""
        given = self.bound(args, kwargs)
        if CELL in reads:
            size = sum(p.nbytes for p in self.cell.get_parameters())
            return Reading(self.cell, given, size, 0.0)
        if SUFFIX in reads:
            file, seconds = self._exported(given)
            return file.reading(engine, reads, (), given)._replace(seconds=seconds)
        raise UsageError(f"{engine} does not run {self.name}, {self.what}.", self.who_reads())

    def _exported(self, given: Mapping[str, Tensor]) -> tuple[FileNetwork, float]:
        """For inputs of these shapes, and the seconds that it took. Raises ModelError, MissingPackage."""
        key = tuple((name, x.shape, x.dtype) for name, x in given.items())
        if key not in self._files:
            file = self._folder / f"{self.name}_{len(self._files)}{SUFFIX}"
            began = time.perf_counter()
            with _what_fails_in(self._folder):
                _export(self.cell, given, file)
            seconds = time.perf_counter() - began
            self._files[key] = FileNetwork(file, EXPORT), seconds
        return self._files[key]


@contextmanager
def _what_fails_in(folder: Path) -> Iterator[None]:
    """Where MindSpore writes what it has understood of a network that fails: else into the working directory."""
    before = os.environ.get("MS_OM_PATH")
    os.environ["MS_OM_PATH"] = before or str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MS_OM_PATH"]


def _export(cell: Any, given: Mapping[str, Tensor], file: Path) -> None:
    name = type(cell).__name__
    try:
        with unheard():
            import mindspore

            like = [mindspore.Tensor(torch.zeros(x.shape, dtype=x.dtype).numpy()) for x in given.values()]  # fmt: skip
            mindspore.onnx.export(cell, *like, file_name=str(file), input_names=list(given))
    except LightbenchError:
        raise
    except BaseException as error:
        journal.let_through(error)
        said = explain_plainly(f"{name} cannot be exported to ONNX by MindSpore", error)
        raise ModelError(
            said.message,
            "Does it run in MindSpore, with mindspore.set_context(mode=mindspore.GRAPH_MODE)?",
        ) from error
