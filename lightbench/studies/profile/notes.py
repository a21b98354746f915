"""What a reader of a profile must know of its columns about engines and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightbench.records import Record
from lightbench.records.case import WIDE
from lightbench.stats.ratio import Ratio
from lightbench.views.sentence import listed

BESIDE_EAGER = (
    "x eager: time, as a multiple of eager PyTorch's in the same rounds; below 1 is faster."
)
HELD = (
    "outputs: held against float64. same: as close as eager PyTorch; approximate: 1 % off at most"
)
HELD_IN_LESS = f"{HELD}, or as far as the precision that was asked for goes"
RESIDENT = (
    "resident: what the network adds to a process of its own when it is loaded and first called,"
    " beyond the imported runtime."
)
PACKED = (
    "On {} networks take more than {} times what their weights do: such engines keep a second copy of them,"
    " packed for their kernels."
)
VENDOR = (
    "vendor: the fastest call of {}, the program of the engine's maker, on the same file with as many threads;"
    " min / vendor is our fastest call as a multiple of it."
)
COPIES = 2  # times the weights
LARGE = 10_000_000  # bytes of weights, below which the engine itself is more


def about_engines(records: Sequence[Record], ratios: Sequence[Ratio | None]) -> Iterator[str]:
    """Of answers, of times beside eager PyTorch."""
    if any(ratios):
        yield BESIDE_EAGER
    if held := [record.outputs for record in records if record.outputs]:
        yield f"{HELD if all(each.dtype in WIDE for each in held) else HELD_IN_LESS}."


def about_vendors(records: Sequence[Record]) -> Iterator[str]:
    """Of second opinions on times."""
    if tools := dict.fromkeys(record.vendor.tool for record in records if record.vendor):
        yield VENDOR.format("".join(listed([*tools])))


def about_memory(records: Sequence[Record]) -> Iterator[str]:
    """Of resident memory, and who keeps weights twice."""
    if any(record.resident for record in records):
        yield RESIDENT
    packed = [
        record.case.engine
        for record in records
        if record.resident and record.conversion and record.costs
        if record.resident.network_bytes > COPIES * record.costs.param_bytes > COPIES * LARGE
    ]
    if packed:
        yield PACKED.format("".join(listed([*dict.fromkeys(packed)])), COPIES)
