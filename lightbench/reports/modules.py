"""What each operator of a network takes, for a page that shows modules by it and goes into them."""

from __future__ import annotations

from typing import Any

from lightbench.records import Record

NETWORK = "network"  # the kind of what `modules` makes


def modules(name: str, record: Record, timed: Record | None) -> dict[str, Any]:
    """By memory access and multiply-adds, and by time where ``timed``, a record of the same case, has times of
    operators. A row is path, operator, kind, bytes, MAdds, seconds."""
    times = timed.layers.operators if timed and timed.layers else ()
    costs = (timed if times and timed else record).costs
    ops = costs.ops if costs else ()
    seconds = [part.time_s.median for part in times] if times else [None] * len(ops)
    return {
        "kind": NETWORK,
        "name": name,
        "model": record.case.model,
        "ops": [
            [op.path, op.op, op.kind, op.mem_bytes, op.madds, time]
            for op, time in zip(ops, seconds, strict=True)
        ],
    }
