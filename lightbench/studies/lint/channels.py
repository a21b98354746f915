"""How wide a convolution is, in groups or not."""

from __future__ import annotations

from lightbench.records import Op


def channels(op: Op) -> tuple[int, int]:
    """Channels in and out of a convolution; a transposed one has its weight the other way round."""
    assert op.weight is not None
    if "transpose" in op.op:
        return op.weight[0], op.weight[1] * op.groups
    return op.weight[1] * op.groups, op.weight[0]
