"""A network as its modules: what is in each of them, added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from lightbench.errors import UsageError
from lightbench.records import Op
from lightbench.studies.count.groups import Group

if TYPE_CHECKING:
    from torch import nn


class Module(NamedTuple):
    """One module of a network, under the first of its names."""

    path: str  # "" is the network itself
    name: str  # of its class
    params: int  # its own and those of all modules in it; what stands in several places counts in the first
    trainable: int  # of these


@dataclass(frozen=True)
class Branch(Group):
    """A module with all operators that run in it; ``at`` are their positions in the pass."""

    depth: int = 0
    module: str = ""  # its class; "": not known
    holds: int | None = None  # parameters, read or not; None: not known
    at: tuple[int, ...] = ()

    @property
    def params(self) -> int | None:
        """All that it holds, which may be more than what was read."""
        return self.holds


def modules_of(network: nn.Module) -> tuple[Module, ...]:
    """Every module of a network that is there, containers before what they hold. A parameter counts once."""
    seen: set[int] = set()
    sums: dict[str, list[int]] = {}
    names = {}
    for path, module in network.named_modules():
        new = {id(p): p for p in module.parameters(recurse=False) if id(p) not in seen}
        seen.update(new)
        sizes = [(p.numel(), p.requires_grad) for p in new.values() if _sized(p)]
        names[path] = type(module).__name__
        for outer in around(path):
            total = sums.setdefault(outer, [0, 0])
            total[0] += sum(size for size, _ in sizes)
            total[1] += sum(size for size, trains in sizes if trains)
    return tuple(Module(path, name, *sums[path]) for path, name in names.items())


def _sized(parameter: Any) -> bool:
    """A lazy one has no shape before the first call."""
    return hasattr(parameter, "shape") and type(parameter).__name__ != "UninitializedParameter"


def around(path: str) -> list[str]:
    """The network, and every module down to this one."""
    parts = path.split(".") if path else []
    return [".".join(parts[:i]) for i in range(len(parts) + 1)]


def branches(ops: Sequence[Op], modules: Sequence[Module], depth: int) -> list[Branch]:
    """The network, and its modules down to ``depth`` below it, each with what runs in it and what it holds. Where
    modules are not known (of a model file, or of what is stored) they are those that the operators name. Raises
    UsageError for a depth below 0."""
    if depth < 0:
        raise UsageError(f"a depth is 0 or more, got {depth}.", "Try --depth 2.")
    known = {module.path: module for module in modules}
    inside: dict[str, list[int]] = {}
    for i, op in enumerate(ops):
        for outer in around(op.path)[: depth + 1]:
            inside.setdefault(outer, []).append(i)
    found = []
    for path in _paths(ops, modules):
        level = len(around(path)) - 1
        at, module = tuple(inside.get(path, ())), known.get(path)
        if level > depth or not (at or (module and module.params)):
            continue
        found.append(
            Branch(
                path,
                tuple(ops[i] for i in at),
                level,
                module.name if module else _class_of(path, ops),
                module.params if module else None,
                at,
            )
        )
    return found


def _paths(ops: Sequence[Op], modules: Sequence[Module]) -> list[str]:
    """As the network holds them, which is how it is written; those that only operators name as they run, each behind
    the module around it."""
    if modules:
        return [module.path for module in modules]
    inside: dict[str, list[str]] = {}
    for op in ops:
        paths = around(op.path)
        for outer, path in pairwise(paths):
            if path not in inside.setdefault(outer, []):
                inside[outer].append(path)
    return list(_nested("", inside))


def _nested(module: str, inside: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield module
    for path in inside.get(module, ()):
        yield from _nested(path, inside)


def _class_of(path: str, ops: Sequence[Op]) -> str:
    return next((op.module for op in ops if op.path == path), "")
