"""A network whose operators are known by hand: a shuffle between two pointwise groups and a linear layer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """Two pointwise groups with a shuffle; by hand: conv, relu, a copy, a pooling, linear, 4 views."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(4, 8, 1, groups=2), nn.ReLU())
        self.fc = nn.Linear(8 * 16, 5)

    def forward(self, x):
        x = self.features(x)
        x = x.view(-1, 2, 4, 8, 8).transpose(1, 2).reshape(-1, 8, 8, 8)
        return self.fc(F.max_pool2d(x, 2).flatten(1)).unfold(1, 5, 5)
