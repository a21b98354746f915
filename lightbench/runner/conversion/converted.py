"""A network for an engine that runs no PyTorch: made into a file that this reads, once, and loaded."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lightbench.engines import Converted, Given, Kernel, Program
from lightbench.engines.support import named
from lightbench.errors import LightbenchError, UsageError
from lightbench.graphs.support.network import FileNetwork
from lightbench.process import streams
from lightbench.records import Case, Costs, Identity
from lightbench.records.arguments import map_tensors, tensors_in
from lightbench.records.failure import explain_plainly
from lightbench.records.outputs import Conversion
from lightbench.runner.abilities import packages_of, refuse
from lightbench.runner.conversion import calibration, kept
from lightbench.runner.conversion.key import key_of
from lightbench.runner.other_values import roll
from lightbench.runner.threads_used import threads_used
from lightbench.workers import journal

if TYPE_CHECKING:
    from torch import nn

SAMPLES = 16  # of inputs, from which an engine learns the ranges of int8 where none are named


def prepare(
    case: Case, network: nn.Module, given: Given, what: tuple[Identity, Costs]
) -> tuple[Program, Conversion]:
    """Converted, or taken from what an earlier run has made of the same network. Raises a LightbenchError."""
    refuse(case)
    tensors, model, conversion = file_of(case, network, given, what)
    return _loaded(case, model, tensors), conversion


def _loaded(case: Case, model: Any, inputs: Any) -> Program:
    try:
        with streams.unheard():
            program: Program = named.find(case.engine).load(model, inputs, **how(case))
            return program
    except LightbenchError:
        raise
    except Exception as error:
        raise explain_plainly(f"{case.engine} cannot load {case.model}", error) from error


def kernels(
    case: Case, network: nn.Module, given: Given, what: tuple[Identity, Costs], *, calls: int
) -> Sequence[Kernel]:
    """What so many calls are made of, by the engine's own profile; as `prepare` of the same. Raises a
    LightbenchError."""
    tensors, model, _ = file_of(case, network, given, what)
    try:
        with journal.held("timed", on_engine(case)):
            found: Sequence[Kernel] = named.find(case.engine).profile(
                model, tensors, **how(case), calls=calls
            )
            return found
    except LightbenchError:
        raise
    except Exception as error:
        raise explain_plainly(f"{case.engine} tells no times of {case.model}", error) from error


def read(case: Case, network: FileNetwork, given: Given) -> tuple[Program, Conversion]:
    """A model file as it is, on an engine that reads such files. Raises a LightbenchError."""
    engine = named.find(case.engine)
    read = network.reading(case.engine, getattr(engine, "READS", ()), *given)
    if case.dtype == "int8":
        raise UsageError(
            f"{network.name} is what it is: {network.what} is not quantized.",
            "Leave out --dtype.",
        )
    packages = packages_of(engine)
    program = _loaded(case, read.model, read.inputs)
    return program, Conversion(
        packages=packages, size_bytes=read.size_bytes, seconds=read.seconds, kept=not read.seconds
    )


def how(case: Case) -> dict[str, Any]:
    """What an engine is told when it loads a file."""
    options = named.options_of(case.engine)
    return {"threads": torch.get_num_threads(), "dtype": case.dtype, "options": options}


def file_of(
    case: Case, network: nn.Module, given: Given, what: tuple[Identity, Costs]
) -> tuple[list[Tensor], bytes, Conversion]:
    """The inputs in the order in which the engine reads them, and its file. Raises a LightbenchError."""
    engine = named.find(case.engine)
    packages = packages_of(engine, case.dtype)
    given = given[0], in_order(network, given[1])
    tensors = list(tensors_in(given))
    for tensor in tensors:
        if tensor.layout != torch.strided or not tensor.is_contiguous():
            raise UsageError(
                f"{case.engine} reads inputs in the order of their dimensions, and one is laid out otherwise.",
                "Hand it over .contiguous(), or try --engine eager.",
            )
    make = engine.quantize if case.dtype == "int8" else engine.convert
    key = key_of(case, make, network, tensors, what)
    with journal.held("convert", on_engine(case)), streams.unheard():
        return tensors, *_model(case, make, network, given, packages, key)


def on_engine(case: Case) -> str:
    """The network as it is called in the journal: what ends the process on one engine, or with one batch,
    may run on others."""
    batch = "" if case.batch == 1 else f" at batch {case.batch}"
    return case.model + ("" if case.engine == "eager" else f" on {case.engine}") + batch


def more_threads(program: Program, threads: int) -> tuple[str, ...]:
    """Says so if it works in more threads than it was told; calls it some times."""
    used = threads_used(program)
    if used is None or used <= threads:
        return ()
    return (
        f"it works in {used} threads, and was told to take {threads}: its time is that of {used}.",
    )


def _model(
    case: Case,
    make: Callable[..., bytes | Converted],
    network: nn.Module,
    given: Given,
    packages: tuple[str, ...],
    key: str,
) -> tuple[bytes, Conversion]:
    known = kept.read(key) if key else None
    made = known or _made(case, make, network, given)
    if key and not known:
        kept.keep(key, made)
    return made.model, Conversion(
        packages=packages,
        size_bytes=len(made.model),
        seconds=made.seconds,
        kept=known is not None,
        calibrated_on=calibrated_on(case),
        left=made.left,
    )


def _made(
    case: Case, make: Callable[..., bytes | Converted], network: nn.Module, given: Given
) -> kept.Kept:
    began = time.perf_counter()
    try:
        small = case.dtype == "int8"
        made = make(network, list(_samples(case, given))) if small else make(network, *given)
    except LightbenchError:
        raise
    except Exception as error:
        raise explain_plainly(f"{case.engine} cannot convert {case.model}", error) from error
    seconds = time.perf_counter() - began
    model, left = made if isinstance(made, Converted) else (made, ())
    return kept.Kept(model, seconds, left)


def calibrated_on(case: Case) -> str | None:
    """From what the ranges of int8 are learnt, in words; None in another precision. Raises UsageError."""
    if case.dtype != "int8":
        return None
    if case.calibration is not None:
        return calibration.said(case.calibration)
    return f"{SAMPLES} inputs like the timed one"


def _samples(case: Case, given: Given) -> Iterator[Given]:
    """What is named, or other inputs of the same kind: the values of the timed one, each time in other places."""
    if case.calibration is not None:
        yield from calibration.samples(case.calibration, given)
        return
    for turn in range(SAMPLES):
        args, keywords = map_tensors(torch.clone, given)
        roll([x for x in tensors_in((args, keywords)) if x.is_floating_point()], turn)
        yield args, keywords


def in_order(network: nn.Module, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """As ``forward`` has them, which is how they are numbered in the file."""
    with suppress(Exception):  # somebody else's code
        names = list(inspect.signature(network.forward).parameters)
        return dict(sorted(keywords.items(), key=lambda item: names.index(item[0])))
    return dict(keywords)
