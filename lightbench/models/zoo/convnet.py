"""ConvNet: MobileNetV1 with dense 3x3 convolutions (Howard et al. 2017, arXiv 1704.04861)."""

from __future__ import annotations

from lightbench.models.blocks import conv_bn
from lightbench.models.zoo.mobilenet_v1 import MobileNetV1

VARIANTS: dict[str, dict[str, float]] = {"convnet": {}}
# ImageNet top-1 in percent and where it was published, for this structure at 224x224.
TOP1 = {"convnet": (71.7, "Howard et al. 2017, Table 4")}


def build(*, width: float = 1.0, num_classes: int = 1000) -> MobileNetV1:
    """The baseline that shows what separable convolutions save: "Conv MobileNet" of table 4.

    Images (N, 3, H, W) to logits (N, num_classes). Raises ValueError for a width not above 0.
    """
    return MobileNetV1(width=width, num_classes=num_classes, block=conv_bn)
