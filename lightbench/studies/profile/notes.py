"""What a reader of a profile must know of its columns about engines and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightbench import units
from lightbench.engines import arena_says
from lightbench.engines.support.named import name_of
from lightbench.records import Record
from lightbench.records.case import WIDE
from lightbench.records.outputs import APART, NETWORK, REFERENCE
from lightbench.views.sentence import listed

BESIDE_EAGER = "time as a multiple of eager PyTorch's in the same rounds; below 1 is faster."
# What outputs were held against, and what is more to be said of a precision below float32.
HELD = {
    NETWORK: (
        "outputs: held against float64. same: as close as eager PyTorch; approximate: 1 % off at most",
        ", or as far as the precision that was asked for goes",
    ),
    REFERENCE: (
        (
            "outputs of model files: held against ONNX's own reference in float64. same: as close as that is in"
            " float32; approximate: 1 % off at most"
        ),
        ", or as far as the precision goes that was asked for or is the file's",
    ),
}
HELD_AGAINST_ANOTHER = (
    "outputs of model files: held against those of {}, as nothing better is known of them. same: {} off at most;"
    " approximate: 1 %."
)
RESIDENT = (
    "what the network adds to a process of its own when it is loaded and first called,"
    " beyond the imported runtime."
)
ARENA = "arena: by the engine's own account, for what is between operators. {}."
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


def about_outputs(records: Sequence[Record]) -> Iterator[str]:
    """What they were held against, and what the words mean."""
    held = [record.outputs for record in records if record.outputs]
    for against, (said, in_less) in HELD.items():
        if those := [each for each in held if each.against == against]:
            yield f"{said}{'' if all(each.dtype in WIDE for each in those) else in_less}."
    if others := dict.fromkeys(each.against for each in held if each.against not in HELD):
        yield HELD_AGAINST_ANOTHER.format(" and ".join(others), units.percent(APART))


def about_vendors(records: Sequence[Record]) -> Iterator[str]:
    """Of second opinions on times."""
    if tools := dict.fromkeys(record.vendor.tool for record in records if record.vendor):
        yield VENDOR.format("".join(listed([*tools])))


def about_memory(records: Sequence[Record]) -> Iterator[str]:
    """Of whose account the arena is, and who keeps weights twice."""
    told = (r.case.engine for r in records if r.resident and r.resident.arena_bytes is not None)
    if accounts := dict.fromkeys(f"{name_of(engine)}: {arena_says(engine)}" for engine in told):
        yield ARENA.format("; ".join(accounts))
    packed = [
        record.case.engine
        for record in records
        if record.resident and record.conversion and record.costs
        if record.resident.network_bytes > COPIES * record.costs.param_bytes > COPIES * LARGE
    ]
    if packed:
        yield PACKED.format("".join(listed([*dict.fromkeys(packed)])), COPIES)
