"""ResNet: identity shortcuts around stacked convolutions (He et al. 2015, arXiv 1512.03385)."""

from __future__ import annotations

from torch import Tensor, nn

from lightbench.models._blocks import conv_bn

VARIANTS = {"resnet18": {"depth": 18}, "resnet34": {"depth": 34}, "resnet50": {"depth": 50}}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is added (figure 5, left)."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_bn(in_channels, channels, 3, stride=stride, activation=None)
        self.conv2, self.bn2 = conv_bn(channels, channels, 3, activation=None)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(in_channels, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + self.downsample(x))
