"""What every engine makes of a network: a call that can be timed.

An engine is a file with ``prepare(network, inputs, keywords, *, mode) -> Program``. One that runs no PyTorch has
instead

- ``convert(network, inputs, keywords) -> bytes``: the network as a file that it reads, or `Converted`, which also says
  what of it is off the engine's fast path; both are given in float32 (or in float64, where it computes in that),
- ``load(model, inputs, *, threads, dtype, options) -> Program``, of such bytes; ``inputs`` are the tensors in the order
  of the arguments, and what is in them when the context is entered is what a call answers for. Here and below it names
  those settings that it heeds, and takes the others as ``**_how``,
- ``PACKAGES``, those that it needs, by the names that pip knows, and ``INSTEAD``, {package: others that bring the same};
  ``DTYPES``, the precisions that it computes in,
- with int8 among these ``quantize(network, samples) -> bytes``, of several inputs as ``convert`` takes them, and
  ``QUANTIZERS``, the packages for it,
- ``OPTIONS``, if it can be asked for more: {"defaults": "what the list of engines says of it"},
- ``profile(model, inputs, *, threads, dtype, options, calls) -> Sequence[Kernel]``, if it tells times of its own,
- ``made_with() -> str``, if its files are for this processor and these settings alone: what else they depend on,
- ``CONVERTER``, if what makes the file has an environment of its own (see `support.converters`), and
  ``of_its_converter(dtype)``, the versions that are there of what makes its files in that precision,
- ``READS``, the suffixes of model files that ``load`` reads as they are: ``model`` is then the file's path, and
  ``inputs`` are the tensors by the names that the file has for them; with `graphs.CELL` among them MindSpore's networks:
  ``model`` is then the Cell,
- ``EXPORTS``, what `lightbench export --to` calls its file -> its suffix, and those of files beside it; and
  ``save(model, file)``, which writes them if they are not what ``convert`` gives,
- ``vendor(model, *, threads, calls) -> tuple[str, float]``, if its maker has a benchmark program: its name, and its
  fastest call in seconds,
- ``runtime()``, which imports what ``load`` needs, so that the memory of a network can be told from its,
- ``arena(model, inputs, *, threads, dtype, options) -> int | None``, of what ``load`` takes, if it keeps an account of its
  memory for what is between operators: bytes; and ``ARENA``, what they are of, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, NamedTuple

from lightbench import registry
from lightbench.records.outputs import OffPath

NO_KEYWORDS: Mapping[str, Any] = MappingProxyType({})
Context = Callable[[], AbstractContextManager[Any]]
Given = tuple[
    Sequence[Any], Mapping[str, Any]
]  # what a network is called with: arguments, and those by name


class Converted(NamedTuple):
    """A network as a file for an engine, and which operators of it this does not run as fast as others."""

    model: bytes
    left: tuple[OffPath, ...] = ()


class Program(NamedTuple):
    """``call()`` runs the network once; ``context()`` is entered around calls, outside the clock.
    ``with_gradients`` is entered instead for a network that takes gradients in its forward pass
    (forces, as those of an energy), which inference mode refuses; None: ``context`` does not."""

    call: Callable[[], Any]
    context: Context
    with_gradients: Context | None = None

    def around(self, wrap: Callable[[Context], Context]) -> Program:
        """The same call, with more around its contexts."""
        relaxed = self.with_gradients
        return Program(self.call, wrap(self.context), relaxed and wrap(relaxed))


class Kernel(NamedTuple):
    """What an engine runs of a network in one piece, as its own profile tells it.

    ``modules`` are the paths of those that it computes, in the order in which they run; those next to it, for one
    that ``copies`` what they hand over into another layout; none where nothing is known of it.
    """

    name: str
    op: str  # "Conv"
    times_s: tuple[float, ...]  # of each call
    modules: tuple[str, ...] = ()
    kernel: str = (
        ""  # which of several for the same operator, where it is told: "brgconv_avx512_f32"
    )
    copies: bool = False
    why: str = ""  # it is off the fast path: "reference kernel"; "" for one that is on it
    mem_bytes: int | None = None  # read and written


def runs_no_pytorch(engine: str) -> bool:
    """Is it a runtime of its own, which folds norms and merges what it can? It is not imported for that."""
    return registry.binds("engine", engine.partition(":")[0], "load")


def tells_times(engine: str) -> bool:
    """Has it a profile of its own? It is not imported for that."""
    return registry.binds("engine", engine.partition(":")[0], "profile")


def arena_says(engine: str) -> str:
    """What the account is of that it keeps of its memory, in words. It is not imported for that."""
    return str(registry.literal("engine", engine.partition(":")[0], "ARENA") or "what it says")


def exports() -> dict[str, tuple[str, tuple[str, ...]]]:
    """What `lightbench export --to` may say -> the engine that makes it, the suffix, and those of files beside it.
    Nothing is imported for it."""
    return {
        to: (name, suffixes)
        for name in registry.names("engine")
        for to, suffixes in (registry.literal("engine", name, "EXPORTS") or {}).items()
    }
