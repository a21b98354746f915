"""The pieces that several families are built from. Shapes are (batch, channels, height, width)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


def make_divisible(channels: int, multiplier: float = 1.0) -> int:
    """``channels * multiplier``, rounded to a multiple of 8, at most 10 % below.

    Raises ValueError unless the multiplier is above 0 and finite.

    Source: ``_make_divisible`` of the authors' code for MobileNetV2 and V3 (TF-slim).
    """
    if not 0 < multiplier < float("inf"):
        raise ValueError(f"a width multiplier is above 0 and finite, not {multiplier}.")
    scaled = channels * multiplier
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
    """Convolution without bias, batch norm, activation; the padding keeps the size at stride 1.

    Weights start as in He et al. 2015 (arXiv 1502.01852, equation 10).
    """
    padding = kernel // 2
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False)
    # PyTorch's default fades to 1e-11 over MobileNetV1, where neither errors of an engine nor the
    # power that real data draws would show.
    nn.init.kaiming_uniform_(
        conv.weight, nonlinearity="relu" if activation is not None else "linear"
    )
    layers = [conv, norm(out_channels)]
    if activation is not None:
        layers.append(activation(inplace=True))
    return nn.Sequential(*layers)


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels of each group out to all groups, so that the next layer sees them all.

    The channels are read as a (groups, n) matrix and written transposed: channel ``n * g + i``
    moves to ``groups * i + g``. It costs no multiply-add, but reads and writes the whole map.

    Source: ShuffleNet (Zhang et al. 2018, arXiv 1707.01083), section 3.1, figure 1.
    """
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)
