"""MobileNetV3: searched blocks with gates and h-swish (Howard et al. 2019, arXiv 1905.02244)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from lightbench.models import blocks
from lightbench.models.blocks import make_divisible

VARIANTS = {
    "mobilenet_v3_large": {"size": "large"},
    "mobilenet_v3_large_x0_75": {"size": "large", "width": 0.75},
    "mobilenet_v3_small": {"size": "small"},
    "mobilenet_v3_small_x0_75": {"size": "small", "width": 0.75},
}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224. The authors'
# small ones have more parameters than ours: those figures are of reimplementations.
TOP1 = {
    "mobilenet_v3_large": (75.2, "github.com/tensorflow/models, research/slim/nets/mobilenet"),
    "mobilenet_v3_large_x0_75": (
        73.3,
        "github.com/tensorflow/models, research/slim/nets/mobilenet",
    ),
    "mobilenet_v3_small": (67.668, "torchvision, IMAGENET1K_V1"),
    "mobilenet_v3_small_x0_75": (64.876, "github.com/d-li14/mobilenetv3.pytorch"),
}


class Row(NamedTuple):
    """One block: a row of tables 1 and 2, whose headings stand on the right."""

    kernel: int  # operator
    hidden: int  # exp size
    out_channels: int  # #out
    gated: bool  # SE
    activation: type[nn.Module]  # NL
    stride: int  # s


RE, HS = nn.ReLU, nn.Hardswish

# The blocks, and the channels before the classifier.
LAYOUTS = {
    "large": (
        (
            Row(3, 16, 16, False, RE, 1),
            Row(3, 64, 24, False, RE, 2),
            Row(3, 72, 24, False, RE, 1),
            Row(5, 72, 40, True, RE, 2),
            Row(5, 120, 40, True, RE, 1),
            Row(5, 120, 40, True, RE, 1),
            Row(3, 240, 80, False, HS, 2),
            Row(3, 200, 80, False, HS, 1),
            Row(3, 184, 80, False, HS, 1),
            Row(3, 184, 80, False, HS, 1),
            Row(3, 480, 112, True, HS, 1),
            Row(3, 672, 112, True, HS, 1),
            Row(5, 672, 160, True, HS, 2),
            Row(5, 960, 160, True, HS, 1),
            Row(5, 960, 160, True, HS, 1),
        ),
        1280,
    ),
    "small": (
        (
            Row(3, 16, 16, True, RE, 2),
            Row(3, 72, 24, False, RE, 2),
            Row(3, 88, 24, False, RE, 1),
            Row(5, 96, 40, True, HS, 2),
            Row(5, 240, 40, True, HS, 1),
            Row(5, 240, 40, True, HS, 1),
            Row(5, 120, 48, True, HS, 1),
            Row(5, 144, 48, True, HS, 1),
            Row(5, 288, 96, True, HS, 2),
            Row(5, 576, 96, True, HS, 1),
            Row(5, 576, 96, True, HS, 1),
        ),
        1024,
    ),
}
batch_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
conv_bn = partial(blocks.conv_bn, norm=batch_norm)


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from all channels' means (section 5.3)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.activation = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.scale_activation = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        squeezed = self.activation(self.fc1(self.avgpool(x)))
        scale: Tensor = self.scale_activation(self.fc2(squeezed))
        return x * scale


class InvertedResidual(nn.Module):
    """MobileNetV2's block with another kernel and non-linearity, and a gate (figure 4)."""

    def __init__(self, in_channels: int, row: Row) -> None:
        super().__init__()
        kernel, hidden, out_channels, gated, activation, stride = row
        self.has_shortcut = stride == 1 and in_channels == out_channels
        expands = hidden != in_channels
        expand = [conv_bn(in_channels, hidden, 1, activation=activation)] if expands else []
        gate = [SqueezeExcite(hidden, make_divisible(hidden // 4))] if gated else []
        self.block = nn.Sequential(
            *expand,
            conv_bn(hidden, hidden, kernel, stride=stride, groups=hidden, activation=activation),
            *gate,
            conv_bn(hidden, out_channels, 1, activation=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return x + out if self.has_shortcut else out


class MobileNetV3(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Tables 1 (large) and 2 (small) at width 1.

    Modules are named as in torchvision, so its ``state_dict`` loads.
    """

    def __init__(self, *, size: str = "large", width: float = 1.0, num_classes: int = 1000) -> None:
        super().__init__()
        rows, last = LAYOUTS[size]
        full_channels, channels = 16, make_divisible(16, width)
        layers: list[nn.Module] = [conv_bn(3, channels, stride=2, activation=HS)]
        for row in rows:
            # The width scales "exp size" as a factor of what comes in, as in the authors' code.
            hidden = make_divisible(channels, row.hidden / full_channels)
            out_channels = make_divisible(row.out_channels, width)
            scaled = row._replace(hidden=hidden, out_channels=out_channels)
            layers.append(InvertedResidual(channels, scaled))
            full_channels, channels = row.out_channels, out_channels
        layers.append(conv_bn(channels, 6 * channels, 1, activation=HS))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = make_divisible(last, max(1.0, width))
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, last),
            HS(inplace=True),
            nn.Dropout(0.2, inplace=True),
            nn.Linear(last, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits


def build(*, size: str = "large", width: float = 1.0, num_classes: int = 1000) -> MobileNetV3:
    """MobileNetV3 ``large`` or ``small`` at one width.

    Raises ValueError for another size, or a width that is not above 0.
    """
    if size not in LAYOUTS:
        raise ValueError(f"MobileNetV3 comes as {' or '.join(LAYOUTS)}, not {size!r}.")
    return MobileNetV3(size=size, width=width, num_classes=num_classes)
