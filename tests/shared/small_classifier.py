"""A network of a few hundred weights for the 8x8 digits: with a norm, and chance in its forward pass."""

from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1),
            nn.Flatten(), nn.Linear(8 * 16, 10),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)
