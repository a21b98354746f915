"""MobileNetV1: depthwise separable convolutions (Howard et al. 2017, arXiv 1704.04861)."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from lightbench.models.blocks import conv_bn, make_divisible

VARIANTS = {
    "mobilenet_v1": {},
    "mobilenet_v1_x0_25": {"width": 0.25},
    "mobilenet_v1_x0_5": {"width": 0.5},
    "mobilenet_v1_x0_75": {"width": 0.75},
    "mobilenet_v1_cifar": {"cifar": True, "num_classes": 10},
    "mobilenet_v1_cifar100": {"cifar": True, "num_classes": 100},
}
INPUTS = {"mobilenet_v1_cifar": "3x32x32", "mobilenet_v1_cifar100": "3x32x32"}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224.
TOP1 = {
    "mobilenet_v1": (70.6, "Howard et al. 2017, Table 6"),
    "mobilenet_v1_x0_25": (50.6, "Howard et al. 2017, Table 6"),
    "mobilenet_v1_x0_5": (63.7, "Howard et al. 2017, Table 6"),
    "mobilenet_v1_x0_75": (68.4, "Howard et al. 2017, Table 6"),
}

# Table 1: output channels and stride of each block after the first convolution.
LAYOUT = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)


class Block(Protocol):
    """What turns one map into the next: ``separable`` here, a dense convolution in ``convnet``."""

    def __call__(
        self, in_channels: int, out_channels: int, /, *, stride: int, activation: type[nn.Module]
    ) -> nn.Module: ...


def separable(
    in_channels: int, out_channels: int, *, stride: int, activation: type[nn.Module]
) -> nn.Module:
    """A depthwise 3x3, then a pointwise convolution, each with BN and activation (figure 3)."""
    return nn.Sequential(
        conv_bn(
            in_channels, in_channels, 3, stride=stride, groups=in_channels, activation=activation
        ),
        conv_bn(in_channels, out_channels, 1, activation=activation),
    )


class MobileNetV1(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Table 1 at width 1.

    ``width`` is the paper's alpha (section 3.3); its resolution multiplier rho (section 3.4) is
    the size of the input. ``cifar`` keeps the first convolution at stride 1, for images of 32x32,
    and uses ReLU6.
    """

    def __init__(
        self,
        *,
        width: float = 1.0,
        cifar: bool = False,
        num_classes: int = 1000,
        block: Block = separable,
    ) -> None:
        super().__init__()
        activation = nn.ReLU6 if cifar else nn.ReLU
        channels = make_divisible(32, width)
        layers: list[nn.Module] = [
            conv_bn(3, channels, stride=1 if cifar else 2, activation=activation)
        ]
        for full_width, stride in LAYOUT:
            out_channels = make_divisible(full_width, width)
            layers.append(block(channels, out_channels, stride=stride, activation=activation))
            channels = out_channels
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.avgpool(self.features(x)).flatten(1))
        return logits


def build(*, width: float = 1.0, cifar: bool = False, num_classes: int = 1000) -> MobileNetV1:
    """MobileNetV1 at one width. Raises ValueError for a width that is not above 0."""
    return MobileNetV1(width=width, cifar=cifar, num_classes=num_classes)
