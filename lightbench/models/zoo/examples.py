"""Single layers to compare: a grouped with a full convolution, a separable with a dense one."""

from __future__ import annotations

from torch import nn

VARIANTS = {
    "example_conv_g1": {"in_channels": 16, "out_channels": 32},
    "example_conv_g4": {"in_channels": 16, "out_channels": 32, "groups": 4},
    "example_dense": {"in_channels": 3, "out_channels": 4, "bias": False},
    "example_separable": {"in_channels": 3, "out_channels": 4, "bias": False, "separable": True},
}
INPUTS = {
    "example_conv_g1": "16x224x224",
    "example_conv_g4": "16x224x224",
    "example_dense": "3x64x64",
    "example_separable": "3x64x64",
}


def build(
    *,
    in_channels: int,
    out_channels: int,
    groups: int = 1,
    bias: bool = True,
    separable: bool = False,
) -> nn.Module:
    """One 3x3 convolution that keeps the size: (N, in, H, W) to (N, out, H, W).

    ``groups`` divides the multiply-adds by that number. ``separable`` makes it a depthwise 3x3 and
    a pointwise 1x1, which divides them by 1 / (1 / out + 1 / 9) (MobileNetV1, arXiv 1704.04861,
    section 3.1). Raises ValueError if ``groups`` does not divide both channel counts.
    """
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(
            f"groups has to divide both channel counts: {groups} does not divide"
            f" {in_channels} and {out_channels}."
        )
    if separable:
        return nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=bias),
            nn.Conv2d(in_channels, out_channels, 1, groups=groups, bias=bias),
        )
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, groups=groups, bias=bias)
