"""G3: blocks of many small convolutions, and operators that take longer to start than to run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from lightbench.records import CONV_KINDS, Op
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.lint.linted import Finding, Linted

GUIDELINE = "G3"
ENGINES = ("eager", "fused")
MOST_FRAGMENTS = 4  # a bottleneck with its downsampling shortcut; NASNet's cells have 13


def find(network: Linted) -> Iterator[Finding]:
    """Blocks with more than four convolutions (depthwise ones not counted), and in eager mode with a card
    the operators of a block that are launch-bound: other engines start most of them with another."""
    for path, rows in network.blocks.items():
        fragments = [i for i in rows if _is_fragment(network.ops[i])]
        calls = Counter(network.ops[i].call for i in fragments)  # a shared block runs several times
        if path in network.whole and max(calls.values(), default=0) > MOST_FRAGMENTS:
            yield _fragmented(network, path, fragments)
        if network.card is not None and not network.fused:
            bound = [i for i in rows if launch_bound(network.card, network.ops[i])]
            if bound:
                yield _launched(network.card, network, path, rows, bound)


def _is_fragment(op: Op) -> bool:
    return op.kind in CONV_KINDS and op.kind != "depthwise conv" and op.madds > 0


def _fragmented(network: Linted, path: str, fragments: Sequence[int]) -> Finding:
    """What all but one of the fragments read and write is there because there are so many."""
    ops = [network.ops[i] for i in fragments]
    largest = max(op.mem_bytes for op in ops)
    card = network.card
    launch = card.conv_launch_s or card.launch_s if card else None
    kernel = max((op.weight[2] for op in ops if op.weight and len(op.weight) > 2), default=1)
    positions = max(math.prod(op.output) / op.output[1] for op in ops if len(op.output) > 1)
    channels = max(round(math.sqrt(sum(op.madds for op in ops) / positions)) // kernel, 1)
    extra = sum(op.mem_bytes for op in ops) - largest
    return Finding(
        GUIDELINE,
        path or "(network)",
        f"{len(ops)} convolutions",
        "fewer and wider convolutions",
        extra,
        (len(ops) - 1) * launch.value + card.move_s(extra) if card and launch else None,
        tuple(fragments),
        tuple(fragments),
        (channels, channels, kernel),
        kind="many convolutions",
    )


def launch_bound(card: DeviceCard, op: Op) -> bool:
    """Does starting the operator take longer than everything else that it does?"""
    start = card.launch_s.value
    return card.move_s(op.mem_bytes, op.kind) < start and _arithmetic_s(card, op) < start


def _arithmetic_s(card: DeviceCard, op: Op) -> float:
    rate = card.madds_per_s.get(op.kind)
    return op.madds / rate.value if rate else 0.0


def _launched(
    card: DeviceCard, network: Linted, path: str, rows: Sequence[int], bound: Sequence[int]
) -> Finding:
    return Finding(
        GUIDELINE,
        path or "(network)",
        f"{len(bound)} of {len(rows)} launch-bound",
        "fewer operators: fuse, fold, or a graph (`profile --graph` on an accelerator)",
        sum(network.ops[i].mem_bytes for i in bound),
        len(bound) * card.launch_s.value,
        tuple(bound),
        tuple(rows),
        kind="launch-bound operators",
        change="fuse, fold, or a graph",
    )
