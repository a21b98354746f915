"""MobileNetV2: inverted residuals, linear bottlenecks (Sandler et al. 2018, arXiv 1801.04381)."""

from __future__ import annotations

from torch import Tensor, nn

from lightbench.models.blocks import conv_bn, make_divisible

VARIANTS = {
    "mobilenet_v2": {},
    "mobilenet_v2_x0_35": {"width": 0.35},
    "mobilenet_v2_x0_5": {"width": 0.5},
    "mobilenet_v2_x0_75": {"width": 0.75},
    "mobilenet_v2_x1_4": {"width": 1.4},
}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224. The paper's 1.4
# (74.7) has more parameters than ours, the one in the authors' repository has as many.
TOP1 = {
    "mobilenet_v2": (72.0, "Sandler et al. 2018, Table 4"),
    "mobilenet_v2_x0_35": (60.3, "github.com/tensorflow/models, research/slim/nets/mobilenet"),
    "mobilenet_v2_x0_5": (65.4, "github.com/tensorflow/models, research/slim/nets/mobilenet"),
    "mobilenet_v2_x0_75": (69.8, "github.com/tensorflow/models, research/slim/nets/mobilenet"),
    "mobilenet_v2_x1_4": (75.0, "github.com/tensorflow/models, research/slim/nets/mobilenet"),
}

# Table 2: expansion factor t, output channels c, repeats n, stride s of the first repeat.
LAYOUT = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class InvertedResidual(nn.Module):
    """Pointwise up by ``expansion``, depthwise 3x3, linear pointwise down (table 1, figure 3b)."""

    def __init__(self, in_channels: int, out_channels: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        self.has_shortcut = stride == 1 and in_channels == out_channels
        hidden = in_channels * expansion
        expand = [conv_bn(in_channels, hidden, 1, activation=nn.ReLU6)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            conv_bn(hidden, hidden, 3, stride=stride, groups=hidden, activation=nn.ReLU6),
            *conv_bn(hidden, out_channels, 1, activation=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.has_shortcut else out


class MobileNetV2(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes); Table 2 at width 1.

    Modules are named as in torchvision, so its ``state_dict`` loads.
    """

    def __init__(self, *, width: float = 1.0, num_classes: int = 1000) -> None:
        super().__init__()
        channels = make_divisible(32, width)
        layers: list[nn.Module] = [conv_bn(3, channels, stride=2, activation=nn.ReLU6)]
        for expansion, full_width, repeats, first_stride in LAYOUT:
            out_channels = make_divisible(full_width, width)
            for stride in (first_stride, *[1] * (repeats - 1)):
                layers.append(
                    InvertedResidual(channels, out_channels, expansion=expansion, stride=stride)
                )
                channels = out_channels
        # The last layer does not shrink with the width (section 6.1).
        last = make_divisible(1280, max(1.0, width))
        layers.append(conv_bn(channels, last, 1, activation=nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


def build(*, width: float = 1.0, num_classes: int = 1000) -> MobileNetV2:
    """MobileNetV2 at one width. Raises ValueError for a width that is not above 0."""
    return MobileNetV2(width=width, num_classes=num_classes)
