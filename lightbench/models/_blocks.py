"""The pieces that several families are built from. Shapes are (batch, channels, height, width)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


def make_divisible(channels: int, width: float = 1.0) -> int:
    """Channels times the width multiplier, rounded to a multiple of 8, at most 10 % below.

    Source: the authors' code of MobileNetV2 (``_make_divisible``); MobileNetV1 and V3 round likewise.
    """
    if not 0 < width < float("inf"):
        raise ValueError(f"the width multiplier must be above 0 and finite, not {width}.")
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * scaled else rounded + 8


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    groups: int = 1,
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution without bias, batch norm, activation; the padding keeps the size at stride 1."""
    layers = [
        nn.Conv2d(
            in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False
        ),
        norm(out_channels),
    ]
    if activation is not None:
        layers.append(activation(inplace=True))
    return nn.Sequential(*layers)


def depthwise_bn(
    channels: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """``conv_bn`` with one filter per channel."""
    return conv_bn(
        channels,
        channels,
        kernel,
        stride=stride,
        groups=channels,
        norm=norm,
        activation=activation,
    )


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of each group out to all groups, so that the next layer sees them all.

    The channels are read as a (groups, n) matrix and written transposed: channel ``n * g + i``
    moves to ``groups * i + g``. It costs no multiply-add, but reads and writes the whole map.

    Source: ShuffleNet (Zhang et al. 2018, arXiv 1707.01083), section 3.1, figure 1.
    """
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
