"""ShuffleNetV1: grouped pointwise, channel shuffle (Zhang et al. 2018, arXiv 1707.01083)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lightbench.models.blocks import channel_shuffle, conv_bn

VARIANTS = {
    "shufflenet_v1_x0_5_g1": {"width": 0.5, "groups": 1},
    "shufflenet_v1_x0_5_g3": {"width": 0.5, "groups": 3},
    "shufflenet_v1_x0_5_g8": {"width": 0.5, "groups": 8},
    "shufflenet_v1_x1_0_g1": {"width": 1.0, "groups": 1},
    "shufflenet_v1_x1_0_g2": {"width": 1.0, "groups": 2},
    "shufflenet_v1_x1_0_g3": {"width": 1.0, "groups": 3},
    "shufflenet_v1_x1_0_g4": {"width": 1.0, "groups": 4},
    "shufflenet_v1_x1_0_g8": {"width": 1.0, "groups": 8},
    "shufflenet_v1_x1_5_g3": {"width": 1.5, "groups": 3},
    "shufflenet_v1_x1_5_g8": {"width": 1.5, "groups": 8},
    "shufflenet_v1_x2_0_g3": {"width": 2.0, "groups": 3},
    "shufflenet_v1_x2_0_g8": {"width": 2.0, "groups": 8},
}
# ImageNet top-1 in percent and where it was published (as an error), for this structure at 224x224.
TOP1 = {
    "shufflenet_v1_x0_5_g1": (54.9, "Zhang et al. 2018, Table 2"),
    "shufflenet_v1_x0_5_g3": (57.3, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x0_5_g8": (58.8, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x1_0_g1": (66.4, "Zhang et al. 2018, Table 2"),
    "shufflenet_v1_x1_0_g2": (67.3, "Zhang et al. 2018, Table 2"),
    "shufflenet_v1_x1_0_g3": (67.8, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x1_0_g4": (67.2, "Zhang et al. 2018, Table 2"),
    "shufflenet_v1_x1_0_g8": (68.0, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x1_5_g3": (71.6, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x1_5_g8": (71.0, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x2_0_g3": (74.1, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
    "shufflenet_v1_x2_0_g8": (72.9, "github.com/megvii-model/ShuffleNet-Series, ShuffleNetV1"),
}

# Table 1: groups -> output channels of stage 2 at width 1; each later stage doubles them.
STAGE2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
# Width -> channels of the first convolution, as in the authors' code.
STEM = {0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}
REPEATS = (4, 8, 4)


class ShuffleUnit(nn.Module):
    """Grouped 1x1 down, shuffle, depthwise 3x3, grouped 1x1 up; added or joined to the input.

    Figure 2 (b) at stride 1. Figure 2 (c) at stride 2: the input, average-pooled, is joined to the
    branch instead of added, so the branch makes only the channels that are still missing.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, groups: int, first_groups: int, stride: int
    ) -> None:
        super().__init__()
        hidden = out_channels // 4
        branch_channels = out_channels - in_channels if stride == 2 else out_channels
        self.groups = groups
        self.joins = stride == 2
        self.reduce = conv_bn(in_channels, hidden, 1, groups=first_groups)
        self.depthwise = conv_bn(hidden, hidden, 3, stride=stride, groups=hidden, activation=None)
        self.expand = conv_bn(hidden, branch_channels, 1, groups=groups, activation=None)
        self.shortcut = nn.AvgPool2d(3, 2, padding=1) if self.joins else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        branch = channel_shuffle(self.reduce(x), self.groups)
        branch = self.expand(self.depthwise(branch))
        shortcut = self.shortcut(x)
        joined = torch.cat((shortcut, branch), 1) if self.joins else shortcut + branch
        out: Tensor = self.relu(joined)
        return out


class ShuffleNetV1(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Table 1, scaled by ``width`` (section 3.3).

    Sizes follow the authors' code (megvii-model/ShuffleNet-Series): its first convolutions, and a
    classifier without bias. That code shuffles after the depthwise convolution; here, as in the
    paper, before it: the same function, up to the order of the depthwise filters.
    """

    def __init__(self, *, width: float = 1.0, groups: int = 3, num_classes: int = 1000) -> None:
        super().__init__()
        channels, stages = layer_widths(width, groups)
        self.conv1 = conv_bn(3, channels, 3, stride=2)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        units: list[nn.Module] = []
        for out_channels, repeats in zip(stages, REPEATS, strict=True):
            for stride in (2, *[1] * (repeats - 1)):
                # The few channels of the very first unit are not worth grouping (section 3.3).
                first_groups = groups if units else 1
                units.append(
                    ShuffleUnit(
                        channels,
                        out_channels,
                        groups=groups,
                        first_groups=first_groups,
                        stride=stride,
                    )
                )
                channels = out_channels
        self.features = nn.Sequential(*units)
        self.fc = nn.Linear(channels, num_classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(self.maxpool(self.conv1(x)))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


def layer_widths(width: float, groups: int) -> tuple[int, list[int]]:
    """Channels of the first convolution and of the three stages, or ValueError if none fit."""
    if groups not in STAGE2 or width not in STEM:
        raise ValueError(
            f"ShuffleNetV1 comes with groups {', '.join(map(str, STAGE2))} at widths"
            f" {', '.join(map(str, STEM))}, not groups={groups} at width={width}."
        )
    stage2 = int(STAGE2[groups] * width)
    hidden = stage2 // 4
    if hidden % groups:
        raise ValueError(
            f"at width {width} the units of stage 2 have {hidden} channels inside, which"
            f" {groups} groups do not divide; at width 1.0 they do."
        )
    # The first unit's branch makes stage2 - stem channels, which the groups have to divide.
    stem = next(stem for stem in range(STEM[width], stage2, 2) if (stage2 - stem) % groups == 0)
    return stem, [stage2, 2 * stage2, 4 * stage2]


def build(*, width: float = 1.0, groups: int = 3, num_classes: int = 1000) -> ShuffleNetV1:
    """ShuffleNetV1 at one width and group number.

    Raises ValueError for a pair that the paper does not have, or whose channels do not divide.
    """
    return ShuffleNetV1(width=width, groups=groups, num_classes=num_classes)
