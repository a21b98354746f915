"""How wide a convolution is, in groups or not."""

from __future__ import annotations

from lightbench.records import Op


def channels(op: Op) -> tuple[int, int]:
    """Channels in and out of a convolution."""
    assert op.weight is not None
    return op.weight[1] * op.groups, op.weight[0]
