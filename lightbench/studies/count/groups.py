"""Operators in groups: what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lightbench.errors import UnknownName
from lightbench.records import CONV_KINDS, Costs, Kind, Op

# ShuffleNet V2 (ECCV 2018), Figure 2: what run time is made of. Any other kind is "other".
OTHER = "other"
MOVEMENT = "shuffle, data movement"
GROUPS: dict[str, frozenset[Kind]] = {
    "convolution": CONV_KINDS,
    "element-wise": frozenset(("activation", "element-wise", "norm")),
    MOVEMENT: frozenset(("data movement",)),
    OTHER: frozenset(("linear", "matmul", "attention", "recurrent", "pooling", "other")),
}
_GROUP_OF = {kind: group for group, kinds in GROUPS.items() for kind in kinds}
NETWORK = "(network)"

# What operators can be grouped by -> the name of an operator's group.
BY: dict[str, Callable[[Op], str]] = {
    "kind": lambda op: op.kind,
    "group": lambda op: _GROUP_OF[op.kind],
    "op": lambda op: op.op,
    "module": lambda op: op.path.partition(".")[0] or NETWORK,
}
HEADINGS = {"kind": "kind", "group": "group", "op": "operator", "module": "module"}


@dataclass(frozen=True)
class Group:
    """One operator, or several of them, and what they cost together."""

    name: str
    ops: tuple[Op, ...]

    @property
    def params(self) -> int | None:
        """Parameters that no operator elsewhere reads before; None: not noted."""
        known = [op.params for op in self.ops if op.params is not None]
        return sum(known) if len(known) == len(self.ops) else None

    @property
    def madds(self) -> int:
        """Multiply-adds."""
        return sum(op.madds for op in self.ops)

    @property
    def mem_bytes(self) -> int:
        """Memory access as eager mode runs it, in bytes."""
        return sum(op.mem_bytes for op in self.ops)

    @property
    def fused_bytes(self) -> int:
        """Memory access with what can be merged merged, in bytes."""
        return sum(op.fused_bytes for op in self.ops)

    @property
    def intensity(self) -> float | None:
        """Multiply-adds per byte; None where nothing is moved."""
        return self.madds / self.mem_bytes if self.mem_bytes else None


def check_by(by: str) -> None:
    """Raises UnknownName for what operators cannot be grouped by."""
    if by not in BY:
        raise UnknownName("grouping", by, BY, f"Known: {', '.join(BY)}.")


def grouped(ops: Sequence[Op], by: str) -> dict[str, list[int]]:
    """The groups of operators that a key of `BY` makes -> positions of their operators, in the order in which they
    run. Of the groups of Figure 2 there are always all four, in its order."""
    members: dict[str, list[int]] = {group: [] for group in GROUPS} if by == "group" else {}
    for i, op in enumerate(ops):
        members.setdefault(BY[by](op), []).append(i)
    return members


def groups_of(costs: Costs, by: str) -> list[Group]:
    """Those with the most multiply-adds first, then those that move the most; modules as they run, and the groups of
    Figure 2 in its order. Raises UnknownName."""
    check_by(by)
    ops = costs.ops
    found = [Group(name, tuple(ops[i] for i in at)) for name, at in grouped(ops, by).items()]
    if by in ("kind", "op"):
        found.sort(key=lambda group: (-group.madds, -group.mem_bytes))
    return found
