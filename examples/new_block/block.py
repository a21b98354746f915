"""A new block beside the one that it is to replace: what somebody who designs networks starts from.

`Separable` is MobileNet's depthwise and pointwise convolution. `Partial` is the idea: a dense convolution over a quarter
of the channels only, the others pass by, and a pointwise convolution mixes them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def pointwise(c: int) -> nn.Sequential:
    """1x1 convolution over all channels, (N, c, H, W) to the same."""
    return nn.Sequential(nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c), nn.ReLU())


class Separable(nn.Module):
    """Depthwise, then pointwise: (N, c, H, W) to the same."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.depthwise = nn.Sequential(
            nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
        )
        self.mix = pointwise(c)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(self.depthwise(x))


class Partial(nn.Module):
    """A dense 3x3 convolution over a quarter of the channels, then pointwise: (N, c, H, W) to the same."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.quarter = c // 4
        self.conv = nn.Conv2d(self.quarter, self.quarter, 3, padding=1, bias=False)
        self.mix = pointwise(c)

    def forward(self, x: Tensor) -> Tensor:
        head, rest = x[:, : self.quarter], x[:, self.quarter :]
        return self.mix(torch.cat((self.conv(head), rest), dim=1))


class Net(nn.Module):
    """A small classifier made of one kind of block: ``Net("separable")``, ``Net("partial")``."""

    def __init__(self, block: str = "partial", c: int = 64, depth: int = 4) -> None:
        super().__init__()
        kind = {"separable": Separable, "partial": Partial}[block]
        self.stem = nn.Conv2d(3, c, 3, stride=4, padding=1, bias=False)
        self.body = nn.Sequential(*(kind(c) for _ in range(depth)))
        self.head = nn.Linear(c, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x)).mean((2, 3)))
