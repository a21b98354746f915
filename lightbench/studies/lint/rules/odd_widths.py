"""Numbers of channels that fill no vector of the device."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lightbench.records import CONV_KINDS, Op
from lightbench.studies.lint.channels import channels
from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "-"  # none of the four
ENGINES = ("eager", "fused")
VECTOR = 8  # channels: 256 bits of float32, and what tensor cores ask for in half precision
STEM = 4  # images and the like are as wide as they are


def find(network: Linted) -> Iterator[Finding]:
    """Convolutions on maps, not of an image, with channels in or out that are no multiple of 8: arithmetic that comes in
    vectors works on the next multiple, and memory is read off its lines. It costs no memory access that can be counted;
    time has no estimate, as a card times none of them, but is measured by ``--verify``."""
    for i, op in enumerate(network.ops):
        if op.kind not in CONV_KINDS or op.weight is None or len(op.output) != 4 or not op.madds:
            continue
        c_in, c_out = channels(op)
        if c_in <= STEM or math.prod(op.output[2:]) == 1 or not (c_in % VECTOR or c_out % VECTOR):
            continue
        near = [_near(c) for c in (c_in, c_out)]
        yield Finding(
            GUIDELINE,
            op.path or "(network)",
            f"{c_in} -> {c_out}",
            f"{near[0]} -> {near[1]}",
            0.0,
            None,
            (i,),
            (i,),
            (near[0], near[1], op.weight[-1]) if _can_stand_in(op) else None,
            kind="odd number of channels",
            change=f"multiples of {VECTOR}",
        )


def _near(width: int) -> int:
    return max(round(width / VECTOR), 1) * VECTOR


def _can_stand_in(op: Op) -> bool:
    return op.groups == 1
