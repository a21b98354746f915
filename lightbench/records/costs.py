"""What one forward pass costs: operators, and the calls of modules that issued them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from lightbench.records.noun import Noun

Kind = Literal[
    "dense conv",
    "grouped conv",
    "depthwise conv",
    "pointwise conv",
    "linear",
    "matmul",
    "attention",
    "recurrent",
    "norm",
    "activation",
    "element-wise",
    "pooling",
    "data movement",
    "other",
]
CONV_KINDS: frozenset[Kind] = frozenset(
    ("dense conv", "grouped conv", "depthwise conv", "pointwise conv")
)
# What papers count: convolution, linear and matrix multiplication, wherever it happens.
PAPER_KINDS: frozenset[Kind] = CONV_KINDS | {"linear", "matmul", "attention", "recurrent"}


LARGEST = 2**63 - 1  # of what is counted


def conv_kind(channels: int, kernel: Sequence[int], groups: int) -> Kind:
    """Of a convolution of an input with so many channels. One of them per group is depthwise."""
    if groups > 1:
        return "depthwise conv" if channels == groups else "grouped conv"
    return "pointwise conv" if math.prod(kernel) == 1 else "dense conv"


def check_count(count: int | None, what: str) -> None:
    if count is not None and not 0 <= count <= LARGEST:
        raise ValueError(f"{what} is a count of at most {LARGEST:,}")


class Op(Noun, frozen=True, kw_only=True, omit_defaults=True):  # hundreds in a record
    """One operator of one forward pass: a row of the cost table. Counts are for the whole batch.

    ``reads`` and ``writes`` are elements of activations, ``weights`` elements of parameters and
    buffers (bias included). ``fused_bytes`` is what this row moves when batch norms are folded and
    activations and single-consumer additions are merged into the operator that produced their
    input: 0 for a row that disappears.
    """

    path: str  # module path, "" is the network itself
    call: int = 0  # which call of that module, 0 is the first
    module: str  # class of the innermost module that issued the operator
    op: str  # aten name: "conv2d"
    kind: Kind
    madds: int = 0
    reads: int = 0
    writes: int = 0
    weights: int = 0
    params: int | None = None  # those that no operator before reads; None: not noted, see schema 11
    read_bytes: int = 0
    write_bytes: int = 0
    weight_bytes: int = 0
    fused_bytes: int = 0
    input: tuple[int, ...] = ()
    output: tuple[int, ...] = ()
    weight: tuple[int, ...] | None = None
    bias: bool = False
    stride: tuple[int, ...] = ()
    groups: int = 1
    affine: bool = False  # a norm with a scale
    batch_statistics: bool = False  # a norm of its own batch, not of statistics that were kept
    part_of: str = ""  # the composite operator that was called, if not this one: "matmul"
    through: str = ""  # the function that Python called, see ``costs.issuers``: "softmax", "matmul"

    @property
    def mem_access(self) -> int:
        """Elements read and written as the ShuffleNet V2 paper counts them (section 2, G1): input,
        output and weight of convolution, linear and matmul rows, without bias; 0 for all others."""
        if self.kind not in PAPER_KINDS:
            return 0
        weights = self.weights if self.weight is None else math.prod(self.weight)
        return self.reads + self.writes + weights

    @property
    def mem_bytes(self) -> int:
        """Bytes this operator moves when PyTorch's eager mode runs it."""
        return self.read_bytes + self.write_bytes + self.weight_bytes

    @property
    def intensity(self) -> float | None:
        """Arithmetic intensity in MAdds per byte; None where nothing is moved."""
        return self.madds / self.mem_bytes if self.mem_bytes else None


class Call(Noun, frozen=True, kw_only=True, omit_defaults=True):  # hundreds in a record
    """One call of a module, as a tool sees it that hooks itself into modules.

    Listed are the calls of the network, of PyTorch's own layers, and of modules without children
    that have parameters.
    """

    path: str  # "" is the network itself
    module: str  # its class, in full unless it is ``torch.nn``'s own: "Conv2d"
    leaf: bool = True  # has no children
    inputs: tuple[tuple[int, ...], ...] = ()  # shapes of the tensors that were given by position
    output: tuple[int, ...] = ()  # shape of what came back, or of the first of several
    tensors: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)  # own parameters
    settings: dict[str, int | str] = msgspec.field(default_factory=dict)  # {"mode": "nearest"}
    places: int = 1  # under how many names the module stands in the network
    fused: bool = False  # PyTorch would run all of it as one operator, if no gradients are wanted


class Costs(Noun, frozen=True, kw_only=True):
    """What one forward pass costs, exactly. Totals are sums over ``ops``; a total that is not, raises."""

    params: int | None  # None: of a file, where they were folded
    param_bytes: int  # parameters and buffers, or all that a file stores
    madds: int
    mem_access: int  # paper account, elements
    mem_bytes: int  # eager account
    fused_bytes: int  # fused account
    activations: int  # elements written by convolutions, linear and matmul (as in RegNet)
    ops: tuple[Op, ...]
    calls: tuple[Call, ...] = ()  # none: not noted, as in what is stored
    uncounted: dict[str, int] = msgspec.field(default_factory=dict)  # without a rule: how often
    traced: Literal["meta", "real"] = "meta"  # on which tensors the pass ran
    stored_params: int | None = None  # of a model file: what it stores, batch norms folded

    def __post_init__(self) -> None:
        for total in ("madds", "mem_access", "mem_bytes", "fused_bytes"):
            if getattr(self, total) != sum(getattr(op, total) for op in self.ops):
                raise ValueError(f"{total} is not the sum of its rows")
        for name in ("params", "param_bytes", "madds", "mem_access", "mem_bytes", "fused_bytes"):
            check_count(getattr(self, name), name)
        check_count(self.activations, "activations")
        check_count(self.stored_params, "stored_params")

    @property
    def intensity(self) -> float | None:
        """Arithmetic intensity in MAdds per byte of the eager account."""
        return self.madds / self.mem_bytes if self.mem_bytes else None
