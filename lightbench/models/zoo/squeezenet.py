"""SqueezeNet: fire modules, squeeze before expand (Iandola et al. 2016, arXiv 1602.07360)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

VARIANTS = {"squeezenet1_0": {"version": "1_0"}, "squeezenet1_1": {"version": "1_1"}}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224.
TOP1 = {
    "squeezenet1_0": (58.092, "torchvision, IMAGENET1K_V1"),
    "squeezenet1_1": (58.178, "torchvision, IMAGENET1K_V1"),
}

# Table 1 for 1.0; the authors' repository for 1.1. First convolution: filters and kernel. Then fire
# modules: squeezed channels and channels of each expand branch, or "pool".
LAYOUTS: dict[str, tuple[tuple[int, int], tuple[tuple[int, int] | str, ...]]] = {
    "1_0": (
        (96, 7),
        (
            "pool",
            (16, 64),
            (16, 64),
            (32, 128),
            "pool",
            (32, 128),
            (48, 192),
            (48, 192),
            (64, 256),
            "pool",
            (64, 256),
        ),
    ),
    "1_1": (
        (64, 3),
        (
            "pool",
            (16, 64),
            (16, 64),
            "pool",
            (32, 128),
            (32, 128),
            "pool",
            (48, 192),
            (48, 192),
            (64, 256),
            (64, 256),
        ),
    ),
}


class Fire(nn.Module):
    """A 1x1 squeeze, then 1x1 and 3x3 expand side by side (section 3.2, figure 1)."""

    def __init__(self, in_channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat((self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))), 1)


class SqueezeNet(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes).

    Modules are named as in torchvision, so its ``state_dict`` loads.
    """

    def __init__(self, *, version: str = "1_1", num_classes: int = 1000) -> None:
        super().__init__()
        (channels, kernel), rows = LAYOUTS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel, 2), nn.ReLU(inplace=True)]
        for row in rows:
            if isinstance(row, str):
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                squeezed, expanded = row
                layers.append(Fire(channels, squeezed, expanded))
                channels = 2 * expanded
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Conv2d(channels, num_classes, 1),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
        )
        for module in self.modules():
            # Without batch norm PyTorch's default start fades to the biases alone.
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x)).flatten(1)
        return logits


def build(*, version: str = "1_1", num_classes: int = 1000) -> SqueezeNet:
    """SqueezeNet ``1_0`` or ``1_1``. Raises ValueError for another version."""
    if version not in LAYOUTS:
        raise ValueError(f"SqueezeNet comes as {' or '.join(LAYOUTS)}, not {version!r}.")
    return SqueezeNet(version=version, num_classes=num_classes)
