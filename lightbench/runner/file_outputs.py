"""Do engines answer alike to a model file? There is no eager PyTorch of it, so that they are held against ONNX's own
reference in float64, in multiples of its error in float32; or, where there is none or it would take too long, against
the first engine that was asked about the same file, which may be the wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
import torch
from torch import Tensor

from lightbench import units
from lightbench.engines import Program
from lightbench.engines.support import named
from lightbench.graphs import Graph
from lightbench.graphs.support.network import FileNetwork
from lightbench.records import Case
from lightbench.records.arguments import tensors_in
from lightbench.records.case import WIDE, Dtype
from lightbench.records.outputs import APART, REFERENCE, Outputs
from lightbench.runner.outputs import Numbers, Reference, answers, error_of, said
from lightbench.workers import journal

if TYPE_CHECKING:
    from lightbench.runner.prepare import Prepared

LONGEST_S = 5.0  # of a call of the reference, of which four are made
COARSER = {"bfloat16": 2.0**16, "float16": 2.0**13}  # than float32, whose numbers have 24 bits
QUANTIZED = re.compile("quant|qlinear|integer", re.IGNORECASE)  # in the names of operators
DOUBTED = "ONNX's own reference answers otherwise than these engines, which agree"
VARY = "its answers vary from call to call"

K = TypeVar("K")


class Answered(NamedTuple):
    """What one engine says to a file, and what that can be held against."""

    engine: str
    said: Sequence[Numbers]
    dtype: Dtype  # that it was asked for, or that of its file if that is less
    reference: Reference | str  # or why there is none, in words

    @property
    def judges(self) -> bool:
        """Can others be held against it? It computes as it was told, in float32 or more, and says numbers."""
        told = named.DEFAULTS not in named.options_of(self.engine) and self.dtype in WIDE
        return told and self.reference != VARY and error_of(self.said, self.said) == 0.0


class Held(NamedTuple):
    """What came of it, and what a reader must know."""

    outputs: Outputs | None
    said: tuple[str, ...]


def answered(case: Case, network: FileNetwork, program: Program, given: Any) -> Answered:
    """Calls it, with two inputs."""

    def call() -> Any:
        with program.context():
            return program.call()

    graph = network.graph(*given)
    dtype = case.dtype if case.dtype not in WIDE else _stored_as(graph, case.dtype)
    first, again = answers(call, given), answers(call, given)
    apart = error_of(first, again)
    if apart is not None and apart > APART:
        return Answered(case.engine, first, dtype, VARY)
    return Answered(case.engine, first, dtype, _reference(network, graph, given))


def judged(asked: Sequence[Answered]) -> list[Held]:
    """Each of the engines that were asked about one file."""
    first = next((one for one in asked if one.judges), None)
    doubted = first is not None and _doubted(asked, first)
    return [_judged(one, first, doubted=doubted) for one in asked]


def together(ready: Mapping[K, Prepared]) -> dict[K, Prepared]:
    """Cases that are ready, those of one file held against each other where nothing better is known."""
    held = dict(ready)
    files: dict[Case, list[K]] = {}
    for key, prepared in ready.items():
        if prepared.answered:
            files.setdefault(_file_of(prepared.case), []).append(key)
    for keys in files.values():
        asked = [one for key in keys if (one := ready[key].answered)]
        for key, one, now in zip(keys, asked, judged(asked), strict=True):
            alone = judged([one])[0].said
            kept = (warning for warning in ready[key].warnings if warning not in alone)
            held[key] = ready[key]._replace(outputs=now.outputs, warnings=(*kept, *now.said))
    return held


def _file_of(case: Case) -> Case:
    return msgspec.structs.replace(case, engine="", dtype="float32")


def _judged(one: Answered, first: Answered | None, *, doubted: bool) -> Held:
    if isinstance(one.reference, Reference) and not doubted:
        coarser = COARSER.get(one.dtype, 1.0)
        own = replace(one.reference, dtype=one.dtype, eager_error=one.reference.eager_error * coarser)  # fmt: skip
        outputs = own.judged(one.said)
        return Held(outputs, tuple(said(None, outputs)))
    why = DOUBTED if doubted else str(one.reference)
    if first is None or one is first or one.reference == VARY or one.dtype not in WIDE:
        return Held(None, tuple(said(why, None)))
    outputs = _beside(one, first)
    return Held(outputs, tuple(said(why, outputs)))


def _beside(one: Answered, first: Answered) -> Outputs:
    error = error_of(one.said, first.said)
    return Outputs(error=error, eager_error=None, dtype=one.dtype, against=first.engine)


def _doubted(asked: Sequence[Answered], first: Answered) -> bool:
    """Do several engines agree, and none of them with the reference? Then that is wrong: it knows not every setting of
    every operator."""
    sure = [one for one in asked if one.judges]
    if len({named.name_of(one.engine) for one in sure}) < 2:
        return False
    return all(
        isinstance(one.reference, Reference)
        and one.reference.judged(one.said).verdict == "differs"
        and _beside(one, first).verdict != "differs"
        for one in sure
    )


def _stored_as(graph: Graph, asked: Dtype) -> Dtype:
    """What the file makes an engine compute in, if that is less than float32."""
    if any(QUANTIZED.search(node.op) for node in graph.nodes):
        return "int8"
    weights = (
        value for node in graph.nodes if node.work for value in node.inputs if value.constant
    )
    return "float16" if any(value.bits == 16 for value in weights) else asked


class _Known(NamedTuple):
    """The reference of the file that was asked about last, with these inputs."""

    file: str
    inputs: Sequence[Tensor]
    reference: Reference | str


_last: list[_Known] = []


def _reference(network: FileNetwork, graph: Graph, given: Any) -> Reference | str:
    """Made once for all engines that are asked about a file with the same inputs."""
    file, inputs = network.extra_repr(), list(tensors_in(given))
    for known in _last:
        if known.file == file and all(map(torch.equal, known.inputs, inputs)):
            return known.reference
    _last[:] = [_Known(file, [x.clone() for x in inputs], _made(network, graph, given))]
    return _last[0].reference


def _made(network: FileNetwork, graph: Graph, given: Any) -> Reference | str:
    about_s = network.reference_s(graph)
    if about_s is None:
        return f"nobody but its engines runs a {network.path.suffix} file"
    if about_s > LONGEST_S:
        return f"ONNX's own reference would take some {units.seconds(about_s)} a call"
    args, kwargs = given
    try:
        true = answers(network.reference(args, kwargs, "float64"), given)
        own = answers(network.reference(args, kwargs, "float32"), given)
    except BaseException as error:  # noqa: BLE001  it does not know every operator
        journal.let_through(error)
        return f"ONNX's own reference fails: {type(error).__name__}"
    eager_error = error_of(own, true)
    if not true[0] or eager_error is None:
        return "its answers are no numbers"
    return Reference(true, eager_error, against=REFERENCE)
