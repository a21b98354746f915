"""G3: squeeze-and-excite and other gates: tiny operators, each of which waits for the one before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from os.path import commonpath

from lightbench.records import Op
from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G3"
ENGINES = ("eager", "fused")


def find(network: Linted) -> Iterator[Finding]:
    """From the pooling of a map to one value a channel, over layers on these values, to their product with a map. The
    cost is all that the chain moves; on an engine that merges some of it, what is left."""
    i = 0
    while i < len(network.ops):
        rows = _gate(network.ops, i)
        i = rows[-1] + 1 if rows else i + 1
        if rows:
            yield Finding(
                GUIDELINE,
                _around([network.ops[j].path for j in rows]) or "(network)",
                f"squeeze-and-excite, {len(rows)} in a row",
                "leave it out, or keep the late ones",
                sum(network.moved(network.ops[j]) for j in rows),
                network.estimate_s(rows),
                rows,
                rows,
                kind="squeeze-and-excite",
                change="none, or late ones only",
                rewrite="no_gates",
            )


def _gate(ops: Sequence[Op], start: int) -> tuple[int, ...]:
    """The operators of a gate that begins with this pooling; none if it is another."""
    pool = ops[start]
    if pool.kind != "pooling" or not _is_map(pool.input) or not _is_one(pool.output):
        return ()
    weighted = False
    for i in range(start + 1, len(ops)):
        op = ops[i]
        if op.op.startswith("mul") and _is_map(op.output) and weighted:
            return tuple(range(start, i + 1))
        if not _is_one(op.output):
            return ()
        weighted = weighted or op.weight is not None
    return ()


def _is_map(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and math.prod(shape[2:]) > 1


def _is_one(shape: Sequence[int]) -> bool:
    """One value a channel: N x C x 1 x 1, N x C, or N x 1 x C as those are that convolve over channels."""
    return 2 <= len(shape) <= 4 and sum(size > 1 for size in shape[1:]) <= 1


def _around(paths: Sequence[str]) -> str:
    """The innermost module around all of them."""
    return commonpath([path.replace(".", "/") for path in paths]).replace("/", ".")
