"""What a rule looks at: the operators of a network, the blocks that they belong to, the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from torch import nn
from torch.nn.parameter import is_lazy

from lightbench.records import Costs, Op
from lightbench.stats.interval import Interval
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.layers.kernels import OffFastPath
from lightbench.units import unicode

# They only hold other modules: what they hold is not one block because of them.
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
JOINS = frozenset(("cat", "concat", "concatenate", "stack"))
LISTS = (nn.ModuleList, nn.ModuleDict)  # what they hold is called by the module around them


@dataclass(frozen=True)
class Finding:
    """One guideline strained at one place, and what that costs.

    ``mem_bytes`` is the memory access that the cause adds, ``estimate_s`` about how much time it
    takes on the device whose card there is. ``ops`` are the operators that are the cause, ``block``
    all operators of the place, both as positions in the costs; ``instead`` are the multiply-adds
    that one equal convolution would do in place of ``ops``, where the cause is their shape. Findings that share
    ``kind`` and ``change``, the cause and the advice without the numbers of a place, are one cause of the network;
    ``rewrite`` is the ``lint rewrite`` that follows the advice, "" where that takes a designer.
    """

    guideline: str
    layer: str
    cause: str
    advice: str
    mem_bytes: float
    estimate_s: float | None
    ops: tuple[int, ...]
    block: tuple[int, ...]
    instead: tuple[int, int, int] | None = None  # channels in, channels out, kernel
    measured: Interval | None = None  # seconds, where the engine itself has told them
    kind: str = ""  # "": as the cause
    change: str = ""  # "": as the advice
    rewrite: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What findings of one cause share."""
        return self.guideline, self.kind or self.cause, self.change or self.advice


@dataclass(frozen=True)
class Linted:
    """A counted network; ``blocks`` maps the path of each block to the positions of its operators;
    those in ``whole`` are modules of their own kind, the others only hold one layer after another.

    ``fused``: it is for an engine that folds norms and merges activations and additions, of which ``off_path`` is
    what it does not run on its fast path."""

    costs: Costs
    blocks: dict[str, tuple[int, ...]]
    card: DeviceCard | None = None
    whole: frozenset[str] = frozenset()
    fused: bool = False
    off_path: Sequence[OffFastPath] = ()
    modules: Mapping[str, nn.Module] = field(default_factory=dict)

    @property
    def ops(self) -> Sequence[Op]:
        """The rows of the cost table."""
        return self.costs.ops

    def estimate_s(self, positions: Sequence[int]) -> float | None:
        """About how long these operators take; None without a card."""
        if self.card is None:
            return None
        return sum(self.card.estimate_s(self.ops[i], self.moved(self.ops[i])) for i in positions)

    def moved(self, op: Op) -> int:
        """Bytes that an operator reads and writes on this engine; 0 where it disappears into another."""
        return op.fused_bytes if self.fused else op.mem_bytes


def linted(network: nn.Module, costs: Costs, card: DeviceCard | None = None) -> Linted:
    """Group the operators of ``network`` by block: the innermost module around each that has a
    ``forward`` of its own and holds at least two convolutions or linear layers. Where there is none
    but the network itself, what holds the layer: a convolution with its norm and activation.

    The network itself is a block of the layers that its own ``forward`` calls if it also adds or
    joins there: branches side by side, not one layer after another."""
    modules = {unicode(path): module for path, module in network.named_modules()}
    is_block = {path for path, module in modules.items() if path and _is_block(module)}
    direct: set[str] = set()
    if _joins(network, costs):
        own = {path for path in modules if path not in is_block and _is_called_by(path, modules)}
        if len({op.path for op in costs.ops if op.path in own and op.weight}) > 1:
            direct = own
            is_block.add("")
    blocks: dict[str, list[int]] = {}
    for i, op in enumerate(costs.ops):
        path = "" if op.path in direct else _block(op.path, is_block)
        blocks.setdefault(path, []).append(i)
    rows = {path: tuple(positions) for path, positions in blocks.items()}
    return Linted(costs, rows, card, frozenset(is_block), modules=modules)


def _block(path: str, is_block: set[str]) -> str:
    inner = path
    while inner:
        if inner in is_block:
            return inner
        inner = inner.rpartition(".")[0]
    return path.rpartition(".")[0] or path


def _joins(network: nn.Module, costs: Costs) -> bool:
    """Does its own ``forward`` combine what several layers made?"""
    own = (op for op in costs.ops if not op.path)
    return not isinstance(network, CONTAINERS) and any(
        op.kind == "element-wise" or op.op in JOINS for op in own
    )


def _is_called_by(path: str, modules: Mapping[str, nn.Module]) -> bool:
    """Is the module called by the network itself, directly or from a list?"""
    while path := path.rpartition(".")[0]:
        if not isinstance(modules.get(path), LISTS):
            return False
    return True


def _is_block(module: nn.Module) -> bool:
    if isinstance(module, CONTAINERS):
        return False
    matrices = (p for p in module.parameters() if not is_lazy(p) and p.dim() > 1)
    return len(list(islice(matrices, 2))) == 2
