"""Does an engine answer as the network itself does? Held against float64, in multiples of eager PyTorch's own error."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench import units
from lightbench.engines import Program
from lightbench.records import SUSPECT
from lightbench.records.arguments import map_tensors, tensors_in
from lightbench.records.case import FLOATS, WIDE, Dtype
from lightbench.records.outputs import NETWORK, REFERENCE, Outputs
from lightbench.runner.other_values import given_back, roll
from lightbench.workers import journal

UNKNOWN = "what that costs in accuracy only an evaluation says."
Numbers = list[Tensor]  # of one answer: its tensors, on the host, in float64
# What outputs are held against, and what it means that they differ.
HELD = {
    NETWORK: ("float64", "where those of eager PyTorch are {} off: it is not the same network"),
    REFERENCE: (
        "ONNX's own reference in float64",
        "where rounding alone makes {}: it does not compute what the file says",
    ),
}


@dataclass(frozen=True)
class Reference:
    """What a network answers in float64, and how far off it is in its own precision. A random network answers
    almost the same whatever it is given, so that there are two answers, and what tells them apart counts."""

    true: Sequence[Numbers]
    eager_error: float
    dtype: Dtype = "float32"
    against: str = NETWORK

    def holds(self, program: Program, given: Any, *, reads: bool) -> Outputs:
        """How far off a program is. ``reads``: a call begins with the values that ``given`` has."""

        def call() -> Any:
            with program.context():
                return program.call()

        return self.judged(answers(call, given if reads else ()))

    def judged(self, said: Sequence[Numbers]) -> Outputs:
        """The same of what it has answered."""
        return Outputs(
            error=error_of(said, self.true[: len(said)]),
            eager_error=self.eager_error,
            dtype=self.dtype,
            against=self.against,
        )


def reference(network: nn.Module, given: Any, dtype: Dtype = "float32") -> Reference | str:
    """Of a copy, on the host, for an engine that computes in ``dtype``; or why there is none, in words."""
    try:
        twin = copy.deepcopy(network).cpu().eval()
        own, again = _called(twin, given, Tensor.cpu), _called(twin, given, Tensor.cpu)
        less = _in_less(twin, given, dtype)
        true = _called(twin.double(), given, _double)
    except BaseException as error:  # noqa: BLE001  somebody else's code
        journal.let_through(error)
        return f"in float64 it fails: {type(error).__name__}"
    if not true[0]:
        return "it answers with no tensor"
    eager_error = error_of(own, true)
    if eager_error is None:
        return "its answers are no numbers"
    if error_of(own, again) != 0.0:
        return "its answers vary from call to call"
    in_less = error_of(less, true) if less else None
    return Reference(true, eager_error if in_less is None else in_less, dtype)


def _in_less(network: nn.Module, given: Any, dtype: Dtype) -> list[Numbers]:
    """What eager PyTorch answers in a precision below float32; nothing where it cannot."""
    if dtype in WIDE or dtype not in FLOATS:
        return []
    kind = getattr(torch, dtype)
    twin = copy.deepcopy(network).to(kind)
    with suppress(Exception):  # not every operator is there in every precision
        return _called(
            twin, given, lambda x: x.cpu().to(kind) if x.is_floating_point() else x.cpu()
        )
    return []


def said(held_against: Reference | str | None, outputs: Outputs | None) -> Iterator[str]:
    """What a reader must know, a sentence each."""
    if isinstance(held_against, str):
        yield f"its outputs are not held against float64: {held_against}."
    if outputs is None:
        return
    if outputs.verdict != "differs":
        if outputs.dtype not in WIDE and outputs.error is not None:
            yield (
                f"in {outputs.dtype} its outputs are {units.percent(outputs.error)} off {_held(outputs)[0]}: {UNKNOWN}"
            )
        return
    if outputs.error is None:
        yield f"{SUSPECT}: its outputs are no numbers, or of other shapes: it is not the same network."
        return
    more = "more than " if outputs.error > 1 else ""
    truth, means = _held(outputs)
    yield f"{SUSPECT}: its outputs are {more}{units.percent(min(outputs.error, 1.0))} off {truth}, {means}."


def _held(outputs: Outputs) -> tuple[str, str]:
    if outputs.against in HELD:
        truth, means = HELD[outputs.against]
        return truth, means.format(units.percent(outputs.eager_error))
    return f"those of {outputs.against}", "and one of the two does not compute what the file says"


def _called(network: nn.Module, given: Any, as_: Callable[[Tensor], Tensor]) -> list[Numbers]:
    args, keywords = map_tensors(lambda x: as_(x).clone(), given)

    def call() -> Any:
        with torch.no_grad():
            return network(*args, **keywords)

    return answers(call, (args, keywords))


def _double(x: Tensor) -> Tensor:
    return x.cpu().double() if x.is_floating_point() else x.cpu()


def answers(call: Callable[[], Any], given: Any) -> list[Numbers]:
    """What a call says to what is given, and to the same values in other places of it where there are any."""
    tensors = [x for x in tensors_in(given) if x.is_floating_point()]
    with given_back(tensors):  # some networks overwrite it
        said = [_numbers(call())]
    with given_back(tensors):
        if roll(tensors, 1):
            said.append(_numbers(call()))
    return said


def _numbers(outputs: Any) -> Numbers:
    found = (x for x in pytree.tree_leaves(outputs) if isinstance(x, Tensor))
    return [_number(x) for x in found if x.layout == torch.strided and not x.is_complex()]


def _number(x: Tensor) -> Tensor:
    plain = x.dequantize() if x.is_quantized else x
    return plain.detach().to(device="cpu", dtype=torch.float64, copy=True)


def error_of(said: Sequence[Numbers], true: Sequence[Numbers]) -> float | None:
    """The largest, of each answer and of what tells the two apart; None if it is no number, or the shapes
    are others."""
    shapes = [[x.shape for x in answer] for answer in said]
    if shapes != [[x.shape for x in answer] for answer in true]:
        return None
    errors = list(_errors(said, true))
    return (
        None if any(error is None for error in errors) else max(filter(None, errors), default=0.0)
    )


def _errors(said: Sequence[Numbers], true: Sequence[Numbers]) -> Iterator[float | None]:
    for answer, right in zip(said, true, strict=True):
        yield from map(_relative, answer, right)
    if len(said) == 2 and all(a.shape == b.shape for a, b in zip(*true, strict=False)):
        for a, b, x, y in zip(*said, *true, strict=False):
            yield _relative(a - b, x - y)


def _relative(said: Tensor, true: Tensor) -> float | None:
    if not said.numel():
        return 0.0
    off, size = (said - true).abs().max(), true.abs().max()
    error = float(off / size) if size > 0 else float(off)
    return error if torch.isfinite(torch.tensor(error)) else None
