"""How much memory a network takes on an engine: in a process of its own, where nothing else grows.

The process imports the engine and whatever code builds the network, notes its resident set, then loads the network and
calls it. PyTorch is in every such process, as its tensors hold the inputs, and is not counted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from lightbench.engines.support import named
from lightbench.errors import LightbenchError
from lightbench.graphs.support.network import FileNetwork
from lightbench.records import Record, Resident
from lightbench.runner.abilities import converts
from lightbench.runner.conversion import converted
from lightbench.runner.resident_worker import Request
from lightbench.workers import worker
from lightbench.workers.manager import answers

if TYPE_CHECKING:
    from lightbench.runner.prepare import Prepared


def with_resident(record: Record, prepared: Prepared, *, at_hand: bool) -> Record:
    """The record, with what its network takes; or with a warning that says why nobody knows. A network
    that is ``at_hand`` cannot be built in another process."""
    try:
        return msgspec.structs.replace(record, resident=_resident(prepared, at_hand=at_hand))
    except LightbenchError as error:
        said = f"no resident memory: {error.message}"
        return msgspec.structs.replace(record, warnings=(*record.warnings, said))


def _resident(prepared: Prepared, *, at_hand: bool) -> Resident:
    case = prepared.case
    engine = named.find(case.engine)
    if worker.is_one():
        raise LightbenchError("a process that measures for another starts no further one.")
    if converts(engine) and not hasattr(engine, "runtime"):
        raise LightbenchError(f"{case.engine} does not say what it imports.")
    if at_hand and not converts(engine):
        raise LightbenchError("a network at hand cannot be built in a process of its own.")
    network, as_it_is = prepared.network, isinstance(prepared.network, FileNetwork)
    with tempfile.TemporaryDirectory(prefix="lightbench-") as folder:
        model, inputs = Path(folder, "model"), Path(folder, "inputs")
        if isinstance(network, FileNetwork):
            model = network.path.absolute()
            torch.save(network.bound(*prepared.given), inputs)
        elif converts(engine):
            assert prepared.identity is not None
            what = (prepared.identity, prepared.costs)
            tensors, content, _ = converted.file_of(case, network, prepared.given, what)
            model.write_bytes(content)
            torch.save(tensors, inputs)
        request = Request(case, torch.get_num_threads(), str(model), str(inputs), as_it_is)
        what_runs = f"{converted.on_engine(case)} for its memory"
        for kind, value in answers(Request.__module__, request, {}, what_runs):
            if kind == "resident":
                return msgspec.convert(value, Resident)
    raise LightbenchError("the process that was to tell said nothing.")
