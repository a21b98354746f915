"""The operators of a counted network: a sequence, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from lightbench.records import Costs, Op
from lightbench.studies.count.groups import HEADINGS, Group, groups_of
from lightbench.studies.count.layers_table import (
    formulas_view,
    groups_view,
    layers_view,
    tree_view,
)
from lightbench.studies.count.sizes import Sizes
from lightbench.studies.count.tree import Module
from lightbench.studies.result import Shown
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Layers(Shown, Sequence[Op]):
    """One `Op` per operator, in the order in which they run, which shows itself as a table."""

    model: str
    costs: Costs
    modules: tuple[Module, ...] = ()
    sizes: Sizes | None = None

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.of(self.costs.ops)

    def of(self, ops: Sequence[Op]) -> View:
        """The table of these operators, to sort or select them."""
        return layers_view(self.costs, ops, f"Layers of {self.model}", self.sizes)

    def groups(self, by: str) -> list[Group]:
        """Groups of operators: by "kind", "group" (of the ShuffleNet V2 paper's Figure 2), "op" or "module". Raises
        UnknownName."""
        return groups_of(self.costs, by)

    def by(self, by: str, groups: Sequence[Group] | None = None) -> View:
        """What they add up to, as a table; ``groups`` to sort or select them. Raises UnknownName."""
        found = self.groups(by) if groups is None else groups
        title = f"Costs by {HEADINGS[by]}: {self.model}"
        return groups_view(self.costs, found, by, title, self.sizes)

    def tree(self, depth: int = 3) -> View:
        """Modules down to ``depth`` below the network, each with all that is in it. Raises UsageError."""
        return tree_view(self.costs, self.modules, depth, f"Modules of {self.model}", self.sizes)

    def formulas(self, ops: Sequence[Op] | None = None) -> View:
        """How each operator that multiplies comes to its multiply-adds, and its ratio to the dense convolution."""
        return formulas_view(self.costs, ops, f"Multiply-adds of {self.model}")

    @overload
    def __getitem__(self, at: int) -> Op: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Op, ...]: ...
    def __getitem__(self, at: int | slice) -> Op | tuple[Op, ...]:
        return self.costs.ops[at]

    def __len__(self) -> int:
        return len(self.costs.ops)

    def __iter__(self) -> Iterator[Op]:
        return iter(self.costs.ops)

    def __eq__(self, other: object) -> bool:
        ops = other.costs.ops if isinstance(other, Layers) else other
        return self.costs.ops == ops

    __hash__ = None  # type: ignore[assignment]
