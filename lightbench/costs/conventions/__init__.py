"""What other counters would say, from what one pass was seen to do: a file for each tool.

A tool goes by operators or by calls of modules. Its rules give the count of each split into items
(convolution, linear, bias, norm, ...), so that two totals can be compared item by item. Conventions
follow the named releases; they count one multiply-add as 1 unless stated. Where a counter is plainly
wrong (attention it does not see), the convention leaves out what that counter leaves out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lightbench.costs.conventions.flopcounter import FLOPCOUNTER
from lightbench.costs.conventions.fvcore import FVCORE
from lightbench.costs.conventions.items import Convention, by_operator, multiplied
from lightbench.costs.conventions.ptflops import PTFLOPS
from lightbench.costs.conventions.rows import known
from lightbench.costs.conventions.thop import THOP, THOP_2020
from lightbench.costs.conventions.torchinfo import TORCHINFO
from lightbench.records import Costs

# What papers and torchvision print.
PAPER = Convention("paper", "convolution + linear + matmul, no bias", by_operator(multiplied))
CONVENTIONS = {
    convention.name: convention
    for convention in (PAPER, THOP, THOP_2020, FVCORE, PTFLOPS, TORCHINFO, FLOPCOUNTER)
}


@dataclass(frozen=True)
class Counted:
    """A total in one convention, and the items it is made of (they may differ by rounding)."""

    convention: Convention
    total: int
    items: dict[str, int]


def convert(costs: Costs, name: str) -> Counted:
    """The count of ``costs`` in the convention ``name`` (a key of CONVENTIONS)."""
    convention = CONVENTIONS[name]
    items: Counter[str] = Counter()
    counts = []
    costs = known(costs)
    for split in convention.items(costs):
        items.update(split)
        counts.append(sum(split.values()))
    total = convention.total(counts, costs)
    return Counted(convention, total, {k: n for k, n in items.items() if n})


def difference(counted: Counted, reference: Counted) -> dict[str, int]:
    """Item by item, what ``counted`` has more (or less) than ``reference``."""
    keys = dict.fromkeys((*reference.items, *counted.items))
    differences = {k: counted.items.get(k, 0) - reference.items.get(k, 0) for k in keys}
    rounding = counted.total - sum(counted.items.values())
    return {k: n for k, n in {**differences, "rounding": rounding}.items() if n}
