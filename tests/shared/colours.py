"""A network whose probabilities are known: the logarithm of 8 times how red, green and blue an image is.

Of an image that is red all over the answers are ln 8, 0, 0, of which softmax makes 8/10, 1/10, 1/10.
"""

from __future__ import annotations

import json
import math

import torch
from torch import nn

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}
NETS = """
from torch import nn

class Colours(nn.Sequential):
    def __init__(self, *end):
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3), *end)

def softmax():
    return Colours(nn.Softmax(1))

def log_softmax():
    return Colours(nn.LogSoftmax(1))
"""
ABOUT = {
    "model": "nets.py:Colours",
    "data": "colours",
    "classes": ["red one", "green one", "blue one"],
    "preparation": {"side": 4, "mean": [0.0] * 3, "std": [1.0] * 3},
}


def learned():
    """The weights."""
    return {"2.weight": math.log(8) * torch.eye(3), "2.bias": torch.zeros(3)}


def write_weights(file):
    """As `lightbench train` does."""
    torch.save({"weights": learned(), "about": json.dumps(ABOUT)}, file)
    return str(file)


class Colours(nn.Sequential):
    """The network, which has learned; ``seen`` are the batches that it was shown."""

    def __init__(self, *end):
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3), *end)
        self.load_state_dict(learned())
        self.seen = []

    def forward(self, x):
        self.seen.append(len(x))
        return super().forward(x)
