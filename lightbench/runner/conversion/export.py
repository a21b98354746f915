"""A network as a file for others to run: written, loaded again, and its answers held against float64."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import nn

from lightbench import devices, files, registry
from lightbench.costs.precision import as_asked
from lightbench.engines import Converted, Program, exports
from lightbench.errors import LightbenchError, UsageError
from lightbench.graphs.support.network import FileNetwork
from lightbench.models import sources
from lightbench.models.inputs import Arguments, fewest_ids, make_arguments
from lightbench.models.sources import own_switches
from lightbench.models.weights import Weights, fit
from lightbench.process import patched, streams, switches
from lightbench.records import Case
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain_plainly
from lightbench.records.outputs import Outputs
from lightbench.runner import outputs as outputs_of
from lightbench.runner.abilities import packages_of
from lightbench.runner.conversion.converted import in_order
from lightbench.runner.session import process_kept
from lightbench.workers import journal


class Exported(NamedTuple):
    """The files that were written, how large they are, and how its answers are: None, and why not."""

    files: tuple[Path, ...]
    size_bytes: int
    seconds: float
    outputs: Outputs | None
    warnings: tuple[str, ...]


def export(case: Case, to: str, file: Path, weights: Weights | None = None) -> Exported:
    """The network of a case as a ``file`` in the format ``to``, with ``weights``, else those that its code gives it. A
    file that is there is replaced, also if the answers of the new one are wrong, which its `Outputs` say. Raises a
    LightbenchError."""
    name, (suffix, *_) = exports()[to]
    engine = registry.load("engine", name)
    packages_of(engine)
    device = devices.find("cpu", ())
    with (
        process_kept(),
        device.session(threads=case.threads),
        switches.kept(),
        patched.given_back(),
    ):
        network, given = _built(case, weights)
        with journal.held("count", case.model):
            held_against = outputs_of.reference(network, given)
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / f"{file.stem}{suffix}"
            began = time.perf_counter()
            with journal.held("convert", case.model), streams.unheard():
                converted = engine.convert(network, *given)
                model = converted.model if isinstance(converted, Converted) else converted
                _save(engine, model, made)
            seconds = time.perf_counter() - began
            with journal.held("first call", case.model), streams.unheard():
                source = made if suffix in getattr(engine, "READS", ()) else model
                outputs = _answers(case, engine, source, given, held_against)
            written = _moved(made, file)
    said = tuple(outputs_of.said(held_against, outputs))
    return Exported(written, sum(each.stat().st_size for each in written), seconds, outputs, said)


def _built(case: Case, weights: Weights | None) -> tuple[nn.Module, Arguments]:
    with own_switches.loading(case.model), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = sources.find(case.model).build()
    if isinstance(network, FileNetwork):
        raise UsageError(
            f"{case.model} is {network.what}, and networks of PyTorch's are exported.",
            f"`lightbench profile` runs it: {network.who_reads()}",
        )

    if weights is not None:
        fit(network, weights, case.model)

    def inputs(_device: str) -> Arguments:
        return make_arguments(case.inputs, batch=case.batch, ids=fewest_ids(network))

    network = as_asked(network, case.dtype, inputs).eval()
    args, kwargs = inputs("cpu")
    return network, Arguments(args, in_order(network, kwargs))


def _save(engine: ModuleType, model: bytes, file: Path) -> None:
    if hasattr(engine, "save"):
        engine.save(model, file)
    else:
        file.write_bytes(model)


def _answers(
    case: Case, engine: ModuleType, source: Path | bytes, given: Arguments, held_against: Any
) -> Outputs | None:
    """Of what was written, as it is loaded again; of an engine that reads no files, of what it was made of."""
    tensors = list(tensors_in(given))
    try:
        program: Program = engine.load(source, tensors, threads=torch.get_num_threads())
        if isinstance(held_against, outputs_of.Reference):
            return held_against.holds(program, given, reads=True)
        program.call()
    except LightbenchError:
        raise
    except Exception as error:
        what = f"{case.model} was exported, and what was made cannot be run"
        raise explain_plainly(what, error) from error
    return None


def _moved(made: Path, file: Path) -> tuple[Path, ...]:
    """What was made, under the names that were asked for."""
    written = []
    for each in sorted(made.parent.iterdir(), key=lambda each: each != made):
        target = file.with_suffix(each.suffix) if each != made else file
        files.write(target, each.read_bytes())
        written.append(target)
    return tuple(written)
