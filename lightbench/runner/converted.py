"""A network for an engine that runs no PyTorch: made into a file that this reads, once, and loaded."""

from __future__ import annotations

import hashlib
import inspect
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from lightbench.engines import Program
from lightbench.errors import LightbenchError, MissingPackage, UsageError, how_to_install
from lightbench.records import Case, Costs, Identity
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain_plainly
from lightbench.records.outputs import Conversion
from lightbench.runner import conversions
from lightbench.runner.threads_used import threads_used
from lightbench.workers import journal

if TYPE_CHECKING:
    from torch import nn


def prepare(
    case: Case,
    engine: ModuleType,
    network: nn.Module,
    given: tuple[Sequence[Any], Mapping[str, Any]],
    what: tuple[Identity, Costs],
) -> tuple[Program, Conversion]:
    """Converted, or taken from what an earlier run has made of the same network. Raises a LightbenchError."""
    refuse(case, engine)
    packages = packages_of(engine)
    args, keywords = given[0], _in_order(network, given[1])
    tensors = list(tensors_in((args, keywords)))
    for tensor in tensors:
        if tensor.layout != torch.strided or not tensor.is_contiguous():
            raise UsageError(
                f"{case.engine} reads inputs in the order of their dimensions, and one is laid out otherwise.",
                "Hand it over .contiguous(), or try --engine eager.",
            )
    key = _key(case, engine, network, tensors, what)
    with journal.held("convert", on_engine(case)):
        model, conversion = _model(engine, network, (args, keywords), packages, key)
    try:
        return engine.load(model, tensors, threads=torch.get_num_threads()), conversion
    except LightbenchError:
        raise
    except Exception as error:
        raise explain_plainly(f"{case.engine} cannot load {case.model}", error) from error


def on_engine(case: Case) -> str:
    """The network as it is called in the journal: what ends the process on one engine may run on others."""
    return case.model if case.engine == "eager" else f"{case.model} on {case.engine}"


def converts(engine: ModuleType) -> bool:
    """Is it one that runs no PyTorch?"""
    return hasattr(engine, "load")


def more_threads(program: Program, threads: int) -> tuple[str, ...]:
    """Says so if it works in more threads than it was told; calls it some times."""
    used = threads_used(program)
    if used is None or used <= threads:
        return ()
    return (
        f"it works in {used} threads, and was told to take {threads}: its time is that of {used}.",
    )


def refuse(case: Case, engine: ModuleType) -> None:
    """Raises UsageError for what it cannot do."""
    if case.mode != "infer":
        raise UsageError(f"{case.engine} trains no networks.", "Try --engine eager.")
    if case.device.partition(":")[0] not in ("cpu", "null"):
        raise UsageError(
            f"{case.engine} runs on the CPU here.", "Try --device cpu, or --engine eager."
        )
    if case.layout != "contiguous":
        raise UsageError(
            f"{case.engine} lays images out as it likes: there is no --channels-last for it.",
            "Leave it out, or try --engine eager.",
        )
    if case.dtype not in engine.DTYPES:
        raise UsageError(
            f"{case.engine} computes in {' and '.join(engine.DTYPES)} here, not in {case.dtype}.",
            "Try --engine eager.",
        )


def packages_of(engine: ModuleType) -> tuple[str, ...]:
    """With their versions. Raises MissingPackage."""
    found = []
    for package in getattr(engine, "PACKAGES", ()):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError as error:
            raise MissingPackage(
                f"{package} is not installed, which the engine {engine.__name__.rpartition('.')[2]} needs.",
                how_to_install(*engine.PACKAGES),
            ) from error
    return tuple(found)


def _model(
    engine: ModuleType,
    network: nn.Module,
    given: tuple[Sequence[Any], Mapping[str, Any]],
    packages: tuple[str, ...],
    key: str,
) -> tuple[bytes, Conversion]:
    if key and (kept := conversions.read(key)):
        return kept.model, Conversion(
            packages=packages, size_bytes=len(kept.model), seconds=kept.seconds, kept=True
        )
    began = time.perf_counter()
    model = engine.convert(network, *given)
    seconds = time.perf_counter() - began
    if key:
        conversions.keep(key, model, seconds)
    return model, Conversion(packages=packages, size_bytes=len(model), seconds=seconds, kept=False)


def _in_order(network: nn.Module, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """As ``forward`` has them, which is how they are numbered in the file."""
    with suppress(Exception):  # somebody else's code
        names = list(inspect.signature(network.forward).parameters)
        return dict(sorted(keywords.items(), key=lambda item: names.index(item[0])))
    return dict(keywords)


def _key(
    case: Case,
    engine: ModuleType,
    network: nn.Module,
    inputs: Sequence[Tensor],
    what: tuple[Identity, Costs],
) -> str:
    """What a file is made of: the network's code and structure, what it does, its weights, its inputs, and what
    makes the file. "" for a network whose code is not known."""
    identity, costs = what
    if not identity.code and not identity.packages:
        return ""
    converter = sys.modules[engine.convert.__module__]  # engines may share one
    digest = hashlib.blake2b(digest_size=16)
    with suppress(OSError, TypeError):  # of code that has no file only the versions are known
        digest.update(inspect.getsource(converter).encode())
    for line in (
        converter.__name__,
        torch.__version__,
        packages_of(converter),
        identity,
        costs.ops,
        case.inputs,  # some are no tensors, and part of the file
        [(x.shape, x.dtype) for x in inputs],
    ):
        digest.update(repr(line).encode() + b"\n")
    for content in _contents(network):
        digest.update(content + b"\n")
    return digest.hexdigest()


def _contents(network: nn.Module) -> Iterator[bytes]:
    """What its modules hold: weights, other tensors, numbers and words; of anything else its code says all."""
    for path, module in network.named_modules():
        for name, value in vars(module).items():
            yield f"{path} {name}".encode(errors="surrogatepass")
            for leaf in pytree.tree_leaves(value):
                if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
                    flat = leaf.detach().cpu().contiguous().reshape(-1)
                    yield f"{leaf.shape} {leaf.dtype}".encode()
                    yield flat.view(torch.uint8).numpy().tobytes()
                elif isinstance(leaf, (bool, int, float, str)):
                    yield repr(leaf).encode(errors="surrogatepass")
