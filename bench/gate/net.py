"""The network under test: ShuffleNet V2 x0.5, and ``DOSE`` small convolutions more."""

from __future__ import annotations

import torch
from torch import nn

import lightbench

DOSE = 0


class Net(nn.Module):
    """``dose`` extra convolutions of 1.8 million multiply-adds, on a map of their own."""

    def __init__(self, dose: int = DOSE):
        super().__init__()
        self.network = lightbench.load_model("shufflenet_v2_x0_5")
        self.extra = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(dose))
        self.register_buffer("map", torch.randn(1, 16, 28, 28))

    def forward(self, x):
        for layer in self.extra:
            layer(self.map)
        return self.network(x)
