"""The network that this project ships."""

from __future__ import annotations

from torch import Tensor, nn


def separable(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    """Depthwise, then pointwise: (N, c_in, H, W) to (N, c_out, H / stride, W / stride)."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_in, 3, stride=stride, padding=1, groups=c_in, bias=False),
        nn.BatchNorm2d(c_in),
        nn.ReLU(),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


class Net(nn.Module):
    """A classifier of ten classes: (N, 3, 96, 96) to (N, 10)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, stride=2, padding=1)
        self.body = nn.Sequential(
            separable(width, 2 * width, 2),
            separable(2 * width, 2 * width, 1),
            separable(2 * width, 4 * width, 2),
        )
        self.head = nn.Linear(4 * width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x)).mean((2, 3)))
