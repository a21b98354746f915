"""The fused account: what an inference runtime moves after folding and merging.

Batch norm behind a convolution or linear layer is folded into its weights. An activation, and an
addition one of whose operands nobody else reads, are merged into the operator that produced that
operand: its output never travels to memory and back. Nothing else is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence

from lightbench.costs.trace import Row
from lightbench.records import CONV_KINDS

_FOLDABLE = CONV_KINDS | {"linear"}
_MERGEABLE_INTO = frozenset(
    (*_FOLDABLE, "matmul", "attention", "norm", "activation", "element-wise", "pooling")
)
_BATCH_NORMS = frozenset(
    [
        "batch_norm",
        "native_batch_norm",
        "_native_batch_norm_legit_no_training",
        "_batch_norm_no_update",
    ]
)
_ADDITIONS = frozenset(("add", "add_", "Add", "ADD"))  # and as files call it


def fused_bytes(rows: Sequence[Row]) -> list[int]:
    """Bytes each row moves in the fused account; 0 for rows that disappear."""
    bias_ready = {i for i, row in enumerate(rows) if row.work.bias}
    head = list(range(len(rows)))  # the row whose kernel computes row i
    moved = []
    for i, row in enumerate(rows):
        into = _producer_to_merge_with(row, rows)
        if into is None:
            moved.append(row.read_bytes + row.write_bytes + row.weight_bytes)
            continue
        producer, rest = into
        head[i] = head[producer]
        if row.work.kind == "norm" and head[i] not in bias_ready:
            bias_ready.add(head[i])  # folding leaves one bias per channel
            rest += row.weight_bytes // 4
        moved.append(rest)
    return moved


def _producer_to_merge_with(row: Row, rows: Sequence[Row]) -> tuple[int, int] | None:
    """(producer, bytes still read from elsewhere) if ``row`` can be part of its producer's kernel."""
    is_addition = row.op in _ADDITIONS and row.work.kind == "element-wise"
    if row.op in _BATCH_NORMS:
        allowed: frozenset[str] = _FOLDABLE
    elif is_addition or row.work.kind == "activation":
        allowed = _MERGEABLE_INTO
    else:
        return None
    # The latest producer is the one whose output is still in registers.
    for producer, size in sorted(row.values, reverse=True):
        if producer < 0:
            break
        made = rows[producer]
        if (
            made.consumers == 1
            and made.work.kind in allowed
            and made.write_bytes == row.write_bytes == size
        ):
            return producer, row.read_bytes - size
    return None
