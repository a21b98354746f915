"""G4: 1x1 and depthwise convolutions on large maps: one dense one may be faster (Fused-MBConv).

Tan and Le, EfficientNetV2: Smaller Models and Faster Training, ICML 2021, section 3.2: depthwise convolutions are slow in
early layers, and replacing them there by dense ones is faster though it has more multiply-adds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lightbench.records import Op
from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G4"
ENGINES = ("eager",)
LARGE = 56 * 56  # positions of the map that the depthwise convolution reads


def find(network: Linted) -> Iterator[Finding]:
    """Pairs that by the device card take longer than the one dense convolution in their place: without a card nobody knows.
    The cost is the map in between, written and read; the estimate has the norm and the activation in between, too."""
    for i, rows in _pairs(network.ops):
        expand, depthwise = network.ops[i], network.ops[rows[-1]]
        assert expand.weight is not None
        assert depthwise.weight is not None
        saved = _saved(network, expand, depthwise, rows)
        if saved is None or saved <= 0:
            continue
        k = depthwise.weight[-1]
        yield Finding(
            GUIDELINE,
            expand.path or "(network)",
            f"1x1, then depthwise {k}x{k}",
            f"one dense {k}x{k} (Fused-MBConv)",
            expand.write_bytes + depthwise.read_bytes,
            saved,
            rows,
            rows,
            kind="early depthwise conv",
            change="dense, as Fused-MBConv",
            rewrite="fused_mbconv",
        )


def _pairs(ops: Sequence[Op]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """1x1 convolutions with the depthwise one right behind their norm and activation."""
    for i, op in enumerate(ops):
        if op.kind != "pointwise conv" or any(step > 1 for step in op.stride):
            continue
        j = i + 1
        while j < len(ops) and ops[j].kind in ("norm", "activation"):
            j += 1
        if j < len(ops) and ops[j].kind == "depthwise conv" and ops[j].input == op.output:
            large = len(op.output) == 4 and math.prod(op.output[2:]) >= LARGE
            weight = ops[j].weight
            if large and weight is not None and weight[-1] > 1:
                yield i, tuple(range(i, j + 1))


def _saved(network: Linted, expand: Op, depthwise: Op, rows: Sequence[int]) -> float | None:
    card = network.card
    if card is None:
        return None
    now = network.estimate_s(rows)
    assert now is not None
    assert depthwise.weight is not None
    dense_madds = depthwise.madds * expand.input[1]  # k^2 c_in for each of its values
    moved = expand.read_bytes + depthwise.write_bytes
    rate = card.madds_per_s["dense conv"].value
    launch = card.conv_launch_s or card.launch_s
    return now - max(dense_madds / rate, card.move_s(moved)) - launch.value
