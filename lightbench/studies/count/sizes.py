"""How large a network is in memory: what goes in, what it keeps, what it makes on the way."""

from __future__ import annotations

from typing import NamedTuple

from lightbench import units
from lightbench.records import Costs


class Sizes(NamedTuple):
    """In bytes but for the counts; None: not known."""

    params: int | None
    trainable: int | None  # of these
    input_bytes: int | None
    activation_bytes: int  # all that operators write: what training keeps at most, and far more than inference holds
    param_bytes: int  # parameters and buffers

    @property
    def words(self) -> str:
        """One line, as other counters have it below their tables."""
        counts = [f"params {units.exact(self.params)}"] if self.params is not None else []
        if self.trainable is not None:
            counts[:1] = [f"{counts[0]} (trainable {units.exact(self.trainable)})"]
        sizes = (
            ("input", self.input_bytes),
            ("activations", self.activation_bytes),
            ("params and buffers", self.param_bytes),
        )
        told = [f"{name} {units.size(size)}" for name, size in sizes if size is not None]
        return ", ".join([*counts, *told]) + "."


def sizes_of(
    costs: Costs, *, trainable: int | None = None, input_bytes: int | None = None
) -> Sizes:
    """Of a counted network."""
    written = sum(op.write_bytes for op in costs.ops)
    return Sizes(costs.params, trainable, input_bytes, written, costs.param_bytes)
