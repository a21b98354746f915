"""ResNet: shortcuts around stacked convolutions (He et al. 2015, arXiv 1512.03385)."""

from __future__ import annotations

from torch import Tensor, nn

from lightbench.models.blocks import conv_bn

VARIANTS = {"resnet18": {"depth": 18}, "resnet34": {"depth": 34}, "resnet50": {"depth": 50}}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224.
TOP1 = {
    "resnet18": (69.758, "torchvision, IMAGENET1K_V1"),
    "resnet34": (73.314, "torchvision, IMAGENET1K_V1"),
    "resnet50": (76.13, "torchvision, IMAGENET1K_V1"),
}


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The identity where shapes agree, else a 1x1 projection (section 3.3, option B)."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return conv_bn(in_channels, out_channels, 1, stride=stride, activation=None)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the shortcut (figure 5, left)."""

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
        joined: Tensor = self.relu(out + self.downsample(x))
        return joined


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up, and the shortcut (figure 5, right).

    The 3x3 has the stride, as in torchvision ("v1.5"); in the paper the first 1x1 has it.
    """

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        out_channels = self.expansion * channels
        self.conv1, self.bn1 = conv_bn(in_channels, channels, 1, activation=None)
        self.conv2, self.bn2 = conv_bn(channels, channels, 3, stride=stride, activation=None)
        self.conv3, self.bn3 = conv_bn(channels, out_channels, 1, activation=None)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        joined: Tensor = self.relu(out + self.downsample(x))
        return joined


# Table 1: the block and how often it is repeated at each of the four sizes.
LAYOUTS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
}


class ResNet(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Table 1.

    Modules are named as in torchvision, so its ``state_dict`` loads.
    """

    def __init__(self, *, depth: int = 50, num_classes: int = 1000) -> None:
        super().__init__()
        block, repeats = LAYOUTS[depth]

        def stage(in_channels: int, channels: int, repeats: int, stride: int) -> nn.Sequential:
            out_channels = block.expansion * channels
            rest = [block(out_channels, channels, 1) for _ in range(repeats - 1)]
            return nn.Sequential(block(in_channels, channels, stride), *rest)

        self.conv1, self.bn1, self.relu = conv_bn(3, 64, 7, stride=2)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = stage(64, 64, repeats[0], 1)
        self.layer2 = stage(64 * block.expansion, 128, repeats[1], 2)
        self.layer3 = stage(128 * block.expansion, 256, repeats[2], 2)
        self.layer4 = stage(256 * block.expansion, 512, repeats[3], 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * block.expansion, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def build(*, depth: int = 50, num_classes: int = 1000) -> ResNet:
    """ResNet of 18, 34 or 50 layers. Raises ValueError for another depth."""
    if depth not in LAYOUTS:
        raise ValueError(f"ResNet comes with {', '.join(map(str, LAYOUTS))} layers, not {depth}.")
    return ResNet(depth=depth, num_classes=num_classes)
