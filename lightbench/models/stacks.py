"""Networks that repeat one idea: what the guideline experiments and the sweeps time.

A stack is a model by name, with its settings: ``stack:grouped(c=64, groups=4)``. All keep height
and width; convolutions have no bias and, unless their name says so, no batch norm or activation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lightbench.models.blocks import channel_shuffle
from lightbench.models.zoo.mobilenet_v2 import InvertedResidual
from lightbench.models.zoo.shufflenet_v1 import ShuffleUnit
from lightbench.models.zoo.shufflenet_v2 import BasicUnit

SIDE = 56  # height and width of the maps in the paper's Tables 1 to 3


class Stack(NamedTuple):
    """A network and the shape of one input of it, without the batch."""

    network: nn.Module
    shape: tuple[int, ...]


def _conv(c_in: int, c_out: int, kernel: int = 1, groups: int = 1) -> nn.Conv2d:
    """Weights that keep the size of the signal, however many layers follow one another. Raises
    ValueError for channels that are none, or that the groups do not divide."""
    if min(c_in, c_out) < 1:
        raise ValueError(f"{c_in} -> {c_out} channels make no convolution.")
    conv = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, groups=groups, bias=False)
    nn.init.kaiming_uniform_(conv.weight, nonlinearity="linear")
    return conv


def _stack(layers: Iterable[nn.Module], channels: int) -> Stack:
    return Stack(nn.Sequential(*layers), (channels, SIDE, SIDE))


def ratio(*, c1: int, c2: int, blocks: int = 10) -> Stack:
    """1x1 convolutions c1 -> c2 -> c1 (Table 1 of the ShuffleNet V2 paper)."""
    return _stack((conv for _ in range(blocks) for conv in (_conv(c1, c2), _conv(c2, c1))), c1)


def grouped(*, c: int, groups: int = 1, kernel: int = 1, layers: int = 10) -> Stack:
    """Convolutions c -> c in groups (Table 2 has kernel 1); ``groups=c`` is depthwise."""
    return _stack((_conv(c, c, kernel, groups) for _ in range(layers)), c)


class _Loop(nn.Module):
    """A grouped convolution written as a loop of small ones over slices of the channels."""

    def __init__(self, c: int, groups: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_conv(c // groups, c // groups) for _ in range(groups))

    def forward(self, x: Tensor) -> Tensor:
        parts = x.chunk(len(self.convs), 1)
        return torch.cat([conv(part) for conv, part in zip(self.convs, parts, strict=True)], 1)


def looped(*, c: int, groups: int, layers: int = 10) -> Stack:
    """What ``grouped`` computes, as a loop of ``groups`` convolutions."""
    return _stack((_Loop(c, groups) for _ in range(layers)), c)


class _Parallel(nn.Module):
    """Convolutions of one input, whose outputs are added."""

    def __init__(self, c: int, fragments: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_conv(c, c) for _ in range(fragments))

    def forward(self, x: Tensor) -> Tensor:
        first, *others = self.convs
        out: Tensor = first(x)
        for conv in others:
            out = out + conv(x)
        return out


def fragments(*, c: int, n: int = 1, parallel: bool = False, blocks: int = 10) -> Stack:
    """Blocks of ``n`` 1x1 convolutions c -> c, in series or in parallel (Table 3; appendix,
    figure 1)."""
    if parallel:
        return _stack((_Parallel(c, n) for _ in range(blocks)), c)
    return _stack((_conv(c, c) for _ in range(blocks * n)), c)


# Geometry -> channels outside and inside a bottleneck of ``c``.
GEOMETRIES: dict[str, Callable[[int], tuple[int, int]]] = {
    "quarter": lambda c: (c, c // 4),
    "uniform": lambda c: (c, c),
    "wide": lambda c: (4 * c, c),
}


class _Bottleneck(nn.Module):
    """1x1, 3x3, 1x1; with ReLU after each and the input added, or without (ResNet, figure 5)."""

    def __init__(self, outside: int, inside: int, *, relu: bool, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = _conv(outside, inside)
        self.conv2 = _conv(inside, inside, 3)
        self.conv3 = _conv(inside, outside)
        self.relu = nn.ReLU(inplace=True) if relu else nn.Identity()
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv3(self.relu(self.conv2(self.relu(self.conv1(x)))))
        if self.shortcut:
            out = out + x
        activated: Tensor = self.relu(out)
        return activated


def bottleneck(
    *,
    c: int,
    relu: bool = True,
    shortcut: bool = True,
    geometry: str = "quarter",
    blocks: int = 10,
) -> Stack:
    """Residual bottlenecks with or without their element-wise operators (Table 4). The paper does
    not print the geometry; c -> c/4 -> c/4 -> c is the one that fits its speeds."""
    if geometry not in GEOMETRIES:
        raise ValueError(f"a geometry is one of {', '.join(GEOMETRIES)}, not {geometry!r}.")
    outside, inside = GEOMETRIES[geometry](c)
    block = (_Bottleneck(outside, inside, relu=relu, shortcut=shortcut) for _ in range(blocks))
    return _stack(block, outside)


class _Partial(nn.Module):
    """A convolution of the first channels; the others stay where they are in memory."""

    def __init__(self, c: int, part: int, kernel: int) -> None:
        super().__init__()
        self.conv = _conv(c // part, c // part, kernel)

    def forward(self, x: Tensor) -> Tensor:
        active = x[:, : self.conv.in_channels]
        active.copy_(self.conv(active))
        return x


class _Own(nn.Module):
    """A copy of the input, so that what follows may write into it."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


def partial(*, c: int, part: int = 4, kernel: int = 3, layers: int = 10) -> Stack:
    """Partial convolutions of c / part channels (FasterNet, Chen et al. 2023, arXiv 2303.03667)."""
    return _stack((_Own(), *(_Partial(c, part, kernel) for _ in range(layers))), c)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "relu": lambda: nn.ReLU(inplace=True),
    "relu6": lambda: nn.ReLU6(inplace=True),
    "hardswish": lambda: nn.Hardswish(inplace=True),
    "silu": lambda: nn.SiLU(inplace=True),
    "gelu": nn.GELU,
}


def activated(*, c: int, activation: str = "relu", layers: int = 10) -> Stack:
    """1x1 convolutions c -> c, each with an activation behind it."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"an activation is one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
    pairs = ((_conv(c, c), ACTIVATIONS[activation]()) for _ in range(layers))
    return _stack((layer for pair in pairs for layer in pair), c)


class _Excite(nn.Module):
    """Squeeze-and-excite: each channel times a number that comes from the means of all of them."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.squeeze, self.excite = _conv(c, c // 4), _conv(c // 4, c)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        scale: Tensor = self.excite(self.squeeze(mean).relu()).sigmoid()
        return x * scale


def excited(*, c: int, excite: bool = True, layers: int = 10) -> Stack:
    """1x1 convolutions c -> c, each with squeeze-and-excite behind it, or not."""
    pairs = ((_conv(c, c), _Excite(c) if excite else nn.Identity()) for _ in range(layers))
    return _stack((layer for pair in pairs for layer in pair), c)


class _Shuffle(nn.Module):
    def __init__(self, c: int, groups: int, *, by_index: bool) -> None:
        super().__init__()
        self.groups, self.by_index = groups, by_index
        self.order: Tensor
        order = torch.arange(c, device="cpu").view(groups, c // groups).t().flatten()
        self.register_buffer("order", order)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.order] if self.by_index else channel_shuffle(x, self.groups)


def shuffled(*, c: int, groups: int = 2, by: str = "reshape", layers: int = 10) -> Stack:
    """1x1 convolutions c -> c, each with a channel shuffle behind it: by reshape and transpose, by
    index, or none."""
    if by not in {"reshape", "index", "none"}:
        raise ValueError(f"channels are shuffled by reshape, index or none, not by {by!r}.")
    shuffle = nn.Identity() if by == "none" else _Shuffle(c, groups, by_index=by == "index")
    return _stack((layer for _ in range(layers) for layer in (_conv(c, c), shuffle)), c)


class _Separable(nn.Module):
    """Depthwise 3x3 and 1x1, twice, with the input added: a unit of Xception (Chollet 2017)."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                layer
                for _ in range(2)
                for layer in (
                    nn.ReLU(),
                    _conv(c, c, 3, groups=c),
                    _conv(c, c),
                    nn.BatchNorm2d(c),
                )
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.layers(x)
        return out


UNITS: dict[str, Callable[[int], nn.Module]] = {
    "shufflenet_v2": BasicUnit,
    "shufflenet_v1": lambda c: ShuffleUnit(c, c, groups=3, first_groups=3, stride=1),
    "mobilenet_v2": lambda c: InvertedResidual(c, c, expansion=6, stride=1),
    "xception": _Separable,
}


def unit(*, kind: str, c: int, blocks: int = 10) -> Stack:
    """Units of a known network at stride 1, with their batch norms and activations (appendix,
    Table 1b)."""
    if kind not in UNITS:
        raise ValueError(f"a unit is one of {', '.join(UNITS)}, not {kind!r}.")
    return _stack((UNITS[kind](c) for _ in range(blocks)), c)


def linear(*, c: int, layers: int = 10) -> Stack:
    """Linear layers c -> c on a vector."""
    return Stack(nn.Sequential(*(nn.Linear(c, c, bias=False) for _ in range(layers))), (c,))


class _Add(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1.0


ELEMENTWISE: dict[str, Callable[[int], nn.Module]] = {
    "add": lambda _c: _Add(),
    "relu": lambda _c: nn.ReLU(inplace=True),
    "norm": nn.BatchNorm2d,
    "shuffle": lambda c: _Shuffle(c, 2, by_index=False),
}


def elementwise(*, c: int, op: str = "add", layers: int = 10) -> Stack:
    """Operators that read a map of c channels and write one, without convolutions between them: the
    addition of a number, ReLU in place, batch norm, or channel shuffle."""
    if op not in ELEMENTWISE:
        raise ValueError(f"an operator is one of {', '.join(ELEMENTWISE)}, not {op!r}.")
    return _stack((ELEMENTWISE[op](c) for _ in range(layers)), c)


STACKS: dict[str, Callable[..., Stack]] = {
    function.__name__: function
    for function in (
        ratio,
        grouped,
        looped,
        fragments,
        bottleneck,
        partial,
        activated,
        excited,
        shuffled,
        unit,
        linear,
        elementwise,
    )
}
