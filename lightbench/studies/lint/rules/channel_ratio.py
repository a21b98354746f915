"""G1: 1x1 convolutions whose channels differ touch more memory than their MAdds need."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lightbench.records import Op
from lightbench.studies.lint.channels import channels
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.slowdown import slowdown

GUIDELINE = "G1"
ENGINES = ("eager", "fused")
ABOVE_BOUND = 0.10  # 1:2.4 on a large map; the paper's own network has ratios up to 1:2.4


def find(network: Linted) -> Iterator[Finding]:
    """1x1 convolutions, in groups or not, more than 10 % above the bound; what is above it is the
    cost."""
    for i, op in enumerate(network.ops):
        if not _is_pointwise(op):
            continue
        c_in, c_out = channels(op)
        bound = least_access(op)
        if op.mem_access <= (1 + ABOVE_BOUND) * bound:
            continue
        equal = round(math.sqrt(c_in * c_out))
        excess = op.mem_access / bound - 1
        yield Finding(
            GUIDELINE,
            op.path or "(network)",
            f"{c_in} -> {c_out}, {excess:.0%} above bound",
            f"{equal} -> {equal} channels have the same MAdds",
            (op.mem_access - bound) * _itemsize(op),
            _estimate(network, op, max(c_in, c_out) / min(c_in, c_out)),
            (i,),
            (i,),
            (equal, equal, 1),
            kind="unequal channels",
            change="equal ones, equal MAdds",
        )


def _is_pointwise(op: Op) -> bool:
    one_by_one = op.weight is not None and math.prod(op.weight[2:]) == 1 and len(op.weight) > 2
    strided = any(step > 1 for step in op.stride)
    return op.kind in ("pointwise conv", "grouped conv") and one_by_one and not strided


def least_access(op: Op) -> float:
    """2 sqrt(hw B g) + B / hw elements for B MAdds in g groups, reached at c1 = c2; hw are the
    positions of the whole batch. Section 2, G1 of the paper, and with groups in the same way."""
    c_in, c_out = channels(op)
    positions = op.madds * op.groups / (c_in * c_out)
    return 2 * math.sqrt(positions * op.madds * op.groups) + op.madds / positions


def _estimate(network: Linted, op: Op, ratio: float) -> float | None:
    """Its time on the device beside that at 1:1, from the card's sweep of ratios."""
    card = network.card
    if card is None or not card.ratios:
        return None
    points = [
        (ratio_, p.per_madd.ratio) for p in card.ratios if (ratio_ := _ratio_of(p.point.settings))
    ]
    if not points:
        return None
    rate = card.madds_per_s[op.kind].value
    return op.madds / rate * max(slowdown(points, ratio) - 1, 0.0)


def _ratio_of(settings: dict[str, int | str | bool]) -> float | None:
    c1, c2 = settings.get("c1"), settings.get("c2")
    if not isinstance(c1, int) or not isinstance(c2, int) or min(c1, c2) < 1:
        return None  # a card is a file, which may hold anything
    return max(c1, c2) / min(c1, c2)


def _itemsize(op: Op) -> float:
    return op.read_bytes / op.reads if op.reads else 4.0
