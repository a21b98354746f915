"""MobileNetV3 as reimplemented in 2019: each block expands, other gates and head (kuan-wang)."""

from __future__ import annotations

from torch import Tensor, nn

from lightbench.models.blocks import conv_bn
from lightbench.models.zoo.mobilenet_v3 import HS, LAYOUTS, Row

VARIANTS = {
    "mobilenet_v3_large_2019": {"size": "large"},
    "mobilenet_v3_small_2019": {"size": "small"},
}


class SqueezeExcite(nn.Module):
    """As in SENet (arXiv 1709.01507, section 3): linear layers without bias, reduced by 4."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // 4, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // 4, channels, bias=False),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        scale: Tensor = self.gate(self.avgpool(x).flatten(1))
        return x * scale[:, :, None, None]


class InvertedResidual(nn.Module):
    """Always expands, even by 1, and gates before the non-linearity, not after it."""

    def __init__(self, in_channels: int, row: Row) -> None:
        super().__init__()
        kernel, hidden, out_channels, gated, activation, stride = row
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.block = nn.Sequential(
            conv_bn(in_channels, hidden, 1, activation=activation),
            conv_bn(hidden, hidden, kernel, stride=stride, groups=hidden, activation=None),
            SqueezeExcite(hidden) if gated else nn.Identity(),
            activation(inplace=True),
            conv_bn(hidden, out_channels, 1, activation=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return x + out if self.has_shortcut else out


class MobileNetV3Of2019(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes): 5,476,416 parameters if ``large``.

    Beside ``mobilenet_v3`` only blocks and head differ: the 1280 channels before the classifier,
    in ``small`` too, come from a 1x1 convolution after the pooling.

    Source: kuan-wang/pytorch-mobilenet-v3 at 8873a23, after tables 1 and 2 of arXiv 1905.02244.
    """

    def __init__(self, *, size: str = "large", num_classes: int = 1000) -> None:
        super().__init__()
        rows, _ = LAYOUTS[size]
        channels = 16
        layers: list[nn.Module] = [conv_bn(3, channels, stride=2, activation=HS)]
        for row in rows:
            layers.append(InvertedResidual(channels, row))
            channels = row.out_channels
        layers.append(conv_bn(channels, 6 * channels, 1, activation=HS))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(6 * channels, 1280, 1),
            HS(inplace=True),
            nn.Flatten(),
            nn.Dropout(0.8),
            nn.Linear(1280, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits


def build(*, size: str = "large", num_classes: int = 1000) -> MobileNetV3Of2019:
    """MobileNetV3 of 2019, ``large`` or ``small``. Raises ValueError for another size."""
    if size not in LAYOUTS:
        raise ValueError(f"MobileNetV3 comes as {' or '.join(LAYOUTS)}, not {size!r}.")
    return MobileNetV3Of2019(size=size, num_classes=num_classes)
