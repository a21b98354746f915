"""What the parameters of a recurrent layer say of it."""

from __future__ import annotations

from typing import NamedTuple

from lightbench.costs.conventions.items import size
from lightbench.records import Call

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}  # what a step computes of each unit
LAYERS = frozenset(GATES)
CELLS = frozenset(f"{kind}Cell" for kind in GATES)


class Recurrent(NamedTuple):
    """A recurrent layer, or a cell as a layer of its own; an LSTM may project what it puts out."""

    kind: str
    inputs: int
    hidden: int
    layers: int
    directions: int
    bias: bool


def recurrent(call: Call) -> Recurrent:
    """Read off the names and shapes of the parameters: ``weight_ih_l0`` is (gates x hidden, inputs)."""
    kind = call.module.removesuffix("Cell")
    suffix = "" if call.module in CELLS else "_l0"
    first = call.tensors.get(f"weight_ih{suffix}", ())
    names = [name for name in call.tensors if name.startswith("weight_ih_l")]
    directions = 2 if any(name.endswith("_reverse") for name in names) else 1
    return Recurrent(
        kind=kind,
        inputs=size(first, 1),
        hidden=size(first, 0) // GATES[kind],
        layers=max(1, len(names) // directions),
        directions=directions,
        bias=f"bias_ih{suffix}" in call.tensors,
    )
