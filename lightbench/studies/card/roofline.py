"""The least time a network can take on a device: its roofline, operator by operator."""

from __future__ import annotations

from lightbench.records import Costs
from lightbench.studies.card.card import DeviceCard


def roofline_s(costs: Costs, card: DeviceCard) -> float:
    """Seconds for one forward pass if every operator reached one of the ceilings of the card: the sum
    of max(MAdds / peak, bytes / bandwidth), bytes as PyTorch's eager mode moves them.

    The ceilings are measured: the fastest kind of operator, and copying maps larger than the caches
    (Williams, Waterman, Patterson, CACM 2009; summed over layers as in MobileNetV4, arXiv
    2404.10518). What it ignores: the time that starting an operator takes, which makes it optimistic
    for small networks, and caches: operators whose data stay in them may beat it.
    """
    peak = max(rate.value for rate in card.madds_per_s.values())
    return sum(max(op.madds / peak, op.mem_bytes / card.bandwidth.value) for op in costs.ops)
