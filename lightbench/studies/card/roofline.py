"""The least time a network can take on a device: its roofline, operator by operator."""

from __future__ import annotations

import math

from lightbench.records import Costs, Op, Record
from lightbench.records.links import Drift
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.roofline.placed import Placed, time_of


def roofline_s(costs: Costs, card: DeviceCard) -> float:
    """Seconds for one forward pass if every operator reached one of the ceilings of the card: the sum
    of max(MAdds / peak, bytes / bandwidth), bytes as PyTorch's eager mode moves them.

    The ceilings are measured: the fastest kind of operator, and copying maps larger than the caches
    (Williams, Waterman, Patterson, CACM 2009; summed over layers as in MobileNetV4, arXiv
    2404.10518). What it ignores: the time that starting an operator takes, which makes it optimistic
    for small networks, and caches: operators whose data stay in them may beat it.
    """
    return sum(_parts_s(costs, card))


def placed_on(card: DeviceCard, record: Record, drift: Drift | None) -> Placed | None:
    """A network below the ceilings of its card, as `roofline.placed.network` below those of peaks; ``drift`` is from
    the run of the card. None for a network that was not counted."""
    if record.costs is None:
        return None
    times = math.exp(drift.log) if drift else 1.0
    compute_s, memory_s = _parts_s(record.costs, card)
    return Placed(
        record,
        None,
        madds=record.costs.madds,
        mem_bytes=record.costs.mem_bytes,
        compute_s=times * compute_s,
        memory_s=times * memory_s,
        start_s=times * sum(_start_s(op, card) for op in record.costs.ops if op.mem_bytes),
        time=time_of(record),
        drift=drift,
    )


def _parts_s(costs: Costs, card: DeviceCard) -> tuple[float, float]:
    """Of the least time, what arithmetic is the ceiling of, and what memory is."""
    peak = max(rate.value for rate in card.madds_per_s.values())
    arithmetic = [op.madds / peak for op in costs.ops]
    memory = [op.mem_bytes / card.bandwidth.value for op in costs.ops]
    both = [*zip(arithmetic, memory, strict=True)]
    return sum(a for a, m in both if a >= m), sum(m for a, m in both if m > a)


def _start_s(op: Op, card: DeviceCard) -> float:
    start = card.conv_launch_s if op.madds and card.conv_launch_s else card.launch_s
    return start.value
