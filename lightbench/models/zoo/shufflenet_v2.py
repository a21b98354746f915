"""ShuffleNetV2: channel split, after four guidelines (Ma et al. 2018, arXiv 1807.11164)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lightbench.models.blocks import channel_shuffle, conv_bn

VARIANTS = {
    "shufflenet_v2_x0_5": {"width": 0.5},
    "shufflenet_v2_x1_0": {"width": 1.0},
    "shufflenet_v2_x1_5": {"width": 1.5},
    "shufflenet_v2_x2_0": {"width": 2.0},
    "shufflenet_v2_x0_5_halves": {"width": 0.5, "halves": True},
    "shufflenet_v2_x1_0_halves": {"width": 1.0, "halves": True},
    "shufflenet_v2_x1_5_halves": {"width": 1.5, "halves": True},
    "shufflenet_v2_x2_0_halves": {"width": 2.0, "halves": True},
    "shufflenet_v2_x0_5_cifar": {"width": 0.5, "halves": True, "cifar": True, "num_classes": 10},
    "shufflenet_v2_x1_0_cifar": {"width": 1.0, "halves": True, "cifar": True, "num_classes": 10},
    "shufflenet_v2_x1_5_cifar": {"width": 1.5, "halves": True, "cifar": True, "num_classes": 10},
    "shufflenet_v2_x2_0_cifar": {"width": 2.0, "halves": True, "cifar": True, "num_classes": 10},
}
INPUTS = {
    "shufflenet_v2_x0_5_cifar": "3x32x32",
    "shufflenet_v2_x1_0_cifar": "3x32x32",
    "shufflenet_v2_x1_5_cifar": "3x32x32",
    "shufflenet_v2_x2_0_cifar": "3x32x32",
}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224: the paper's
# errors, and for the halves torchvision's own weights.
TOP1 = {
    "shufflenet_v2_x0_5": (60.3, "Ma et al. 2018, Table 8"),
    "shufflenet_v2_x1_0": (69.4, "Ma et al. 2018, Table 8"),
    "shufflenet_v2_x1_5": (72.6, "Ma et al. 2018, Table 8"),
    "shufflenet_v2_x2_0": (74.9, "Ma et al. 2018, Table 8"),
    "shufflenet_v2_x0_5_halves": (60.552, "torchvision, IMAGENET1K_V1"),
    "shufflenet_v2_x1_0_halves": (69.362, "torchvision, IMAGENET1K_V1"),
    "shufflenet_v2_x1_5_halves": (72.996, "torchvision, IMAGENET1K_V1"),
    "shufflenet_v2_x2_0_halves": (76.23, "torchvision, IMAGENET1K_V1"),
}

# Table 5: width -> output channels of stages 2 to 4 and of conv5.
LAYOUTS = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}


def branch(in_channels: int, hidden: int, out_channels: int, stride: int) -> nn.Sequential:
    """The right branch of figure 3: 1x1, depthwise 3x3 without activation, 1x1."""
    return nn.Sequential(
        *conv_bn(in_channels, hidden, 1),
        *conv_bn(hidden, hidden, 3, stride=stride, groups=hidden, activation=None),
        *conv_bn(hidden, out_channels, 1),
    )


class BasicUnit(nn.Module):
    """Half the channels pass untouched, half through the branch; then shuffle (figure 3c)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = branch(half, half, half, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1)
        return channel_shuffle(torch.cat((left, self.branch2(right)), 1), 2)


class DownUnit(nn.Module):
    """Both branches see the whole input at stride 2; then shuffle (figure 3d).

    The left branch keeps its ``in_channels`` and the right one makes the rest, which gives the
    paper's complexities. With ``halves`` each makes half, as in torchvision.
    """

    def __init__(self, in_channels: int, out_channels: int, *, halves: bool) -> None:
        super().__init__()
        half = out_channels // 2
        left = half if halves else in_channels
        self.branch1 = nn.Sequential(
            *conv_bn(in_channels, in_channels, 3, stride=2, groups=in_channels, activation=None),
            *conv_bn(in_channels, left, 1),
        )
        self.branch2 = branch(in_channels, half, out_channels - left, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return channel_shuffle(torch.cat((self.branch1(x), self.branch2(x)), 1), 2)


class ShuffleNetV2(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Table 5.

    By default as in the authors' code (megvii-model/ShuffleNet-Series), whose classifier has no
    bias. That code shuffles while it splits, at the start of the next unit: the same function, but
    for the order of the channels. ``halves`` gives torchvision's network, whose ``state_dict``
    loads. ``cifar`` starts at stride 1 without max-pooling, for images of 32x32.
    """

    def __init__(
        self,
        *,
        width: float = 1.0,
        halves: bool = False,
        cifar: bool = False,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        *stages, last = LAYOUTS[width]

        def stage(in_channels: int, out_channels: int, repeats: int) -> nn.Sequential:
            basic = [BasicUnit(out_channels) for _ in range(repeats - 1)]
            return nn.Sequential(DownUnit(in_channels, out_channels, halves=halves), *basic)

        self.conv1 = conv_bn(3, 24, 3, stride=1 if cifar else 2)
        self.maxpool = nn.Identity() if cifar else nn.MaxPool2d(3, 2, padding=1)
        self.stage2 = stage(24, stages[0], 4)
        self.stage3 = stage(stages[0], stages[1], 8)
        self.stage4 = stage(stages[1], stages[2], 4)
        self.conv5 = conv_bn(stages[2], last, 1)
        self.fc = nn.Linear(last, num_classes, bias=halves)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


def build(
    *, width: float = 1.0, halves: bool = False, cifar: bool = False, num_classes: int = 1000
) -> ShuffleNetV2:
    """ShuffleNetV2 at one of the four widths of Table 5. Raises ValueError for another width."""
    if width not in LAYOUTS:
        raise ValueError(
            f"ShuffleNetV2 comes in widths {', '.join(map(str, LAYOUTS))}, not {width}."
        )
    return ShuffleNetV2(width=width, halves=halves, cifar=cifar, num_classes=num_classes)
