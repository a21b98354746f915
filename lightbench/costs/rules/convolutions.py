"""Convolutions: k^2 c_in c_out / groups at each position of the output (of the input if transposed).

A gradient costs once more what the forward pass does: for the input, and for the filters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lightbench.costs.work import Names, Rule, Work, at
from lightbench.records.costs import conv_kind


def _madds(w: Tensor, positions: Sequence[int]) -> int:
    """A filter at each of ``positions``, the shape of the output, or of the input if transposed."""
    spatial = w.dim() - 2
    batch = positions[0] if len(positions) == w.dim() else 1
    return batch * w.numel() * math.prod(positions[len(positions) - spatial :])


def convolve(
    x: Tensor,
    w: Tensor,
    positions: Sequence[int],
    *,
    bias: Any,
    stride: Any,
    groups: int,
    weights: tuple[int, ...],
) -> Work:
    """A convolution of these filters: (c_out, c_in / groups, k, k), or (c_in, c_out / groups, k, k)
    if transposed."""
    spatial = w.dim() - 2
    stride = (stride,) if isinstance(stride, int) else tuple(stride)
    return Work(
        conv_kind(x.shape[x.dim() - spatial - 1], w.shape[2:], groups),
        madds=_madds(w, positions),
        weight=tuple(w.shape),
        bias=bias is not None,
        stride=stride * (spatial if len(stride) == 1 else 1),
        groups=groups,
        weights=weights,
    )


def _conv(
    x: int = 0,
    w: int = 1,
    bias: int | None = 2,
    stride: int = 3,
    groups: int | None = None,
    *,
    transposed: bool = False,
) -> Rule:
    """A convolution whose arguments stand at these positions. Without ``groups`` it has one."""

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        return convolve(
            args[x],
            args[w],
            args[x].shape if transposed else out.shape,
            bias=None if bias is None else at(args, bias),
            stride=at(args, stride, (1,)),
            groups=1 if groups is None else at(args, groups, 1),
            weights=(w,) if bias is None else (w, bias),
        )

    return rule


def _depthwise(args: tuple[Any, ...], out: Tensor) -> Work:
    """(input, weight, kernel_size, bias, stride, ...): as many groups as channels."""
    channels = args[0].shape[1 - (args[0].dim() < args[1].dim())]
    return convolve(
        args[0],
        args[1],
        out.shape,
        bias=args[3],
        stride=args[4],
        groups=channels,
        weights=(1, 3),
    )


def _convolution(args: tuple[Any, ...], out: Tensor) -> Work:
    """(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)."""
    positions = args[0].shape if args[6] else out.shape
    return convolve(
        args[0],
        args[1],
        positions,
        bias=args[2],
        stride=args[3],
        groups=args[8],
        weights=(1, 2),
    )


def _time_batch_channels(args: tuple[Any, ...], out: Tensor) -> Work:
    """conv_tbc: input (T, B, c_in), weight (k, c_in, c_out)."""
    k, c_in, c_out = args[1].shape
    return Work(
        conv_kind(c_in, (k,), 1),
        out.numel() * k * c_in,
        (c_out, c_in, k),
        bias=True,
        stride=(1,),
        weights=(1, 2),
    )


def _deformable(args: tuple[Any, ...], out: Tensor) -> Work:
    """deform_conv2d (input, weight, offset, mask, bias, stride_h, stride_w, pads, dilations, groups).

    As a convolution: the bilinear sampling in front of the product is no multiply-add of a filter.
    """
    return convolve(
        args[0],
        args[1],
        out.shape,
        bias=args[4],
        stride=args[5:7],
        groups=args[11],
        weights=(1, 4),
    )


def _backward(positions: int, mask: int, transposed: int | None = None) -> Rule:
    """(..., filters, ...): at ``positions`` stands the output's gradient, and the input behind it where
    ``transposed`` may be said. ``mask`` says for which of input and filters (then bias) one is wanted."""

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        turned = transposed is not None and bool(args[transposed])
        forward = _madds(args[2], args[positions + turned].shape)
        return Work("other", forward * sum(map(bool, args[mask][:2])))

    return rule


def _both_gradients(args: tuple[Any, ...], _out: Any) -> Work:
    """(gradient, input, filters, ...): of input and filters, whoever wants them."""
    return Work("other", 2 * _madds(args[2], args[0].shape))


CONVOLUTIONS: Names = {
    _conv(groups=6): "conv1d conv2d conv3d",
    _conv(groups=6, transposed=True): "conv_transpose1d conv_transpose2d conv_transpose3d",
    _convolution: "convolution _convolution convolution_overrideable",
    _conv(stride=4, groups=6): (
        "mkldnn_convolution miopen_convolution miopen_depthwise_convolution _mps_convolution"
        " mkldnn::_convolution_pointwise"
    ),
    _conv(w=2, bias=3, stride=5, groups=7): "mkldnn::_convolution_pointwise.binary",
    _conv(x=1, w=2, bias=3, stride=5, groups=7): "mkldnn::_convolution_pointwise_.binary",
    _conv(stride=5, groups=7, transposed=True): (
        "miopen_convolution_transpose mkldnn::_convolution_transpose_pointwise"
    ),
    _conv(bias=None, groups=5): "cudnn_convolution",
    _conv(bias=None, stride=4, groups=6, transposed=True): (
        "cudnn_convolution_transpose _mps_convolution_transpose"
    ),
    _conv(groups=6): "cudnn_convolution_relu miopen_convolution_relu",
    _conv(bias=4, stride=5, groups=8): "cudnn_convolution_add_relu miopen_convolution_add_relu",
    _conv(bias=3, stride=4): (
        "slow_conv_dilated2d slow_conv_dilated3d _slow_conv2d_forward slow_conv3d_forward"
        " thnn_conv2d slow_conv3d"
    ),
    _conv(bias=3, stride=4, transposed=True): "slow_conv_transpose2d slow_conv_transpose3d",
    _conv(stride=4): "_nnpack_spatial_convolution",
    _depthwise: "_conv_depthwise2d conv_depthwise3d",
    _conv(w=3, bias=6, stride=7, groups=10): (
        "onednn::qconv1d_pointwise onednn::qconv2d_pointwise onednn::qconv3d_pointwise"
        " onednn::qconv_pointwise"
    ),
    _conv(w=3, bias=7, stride=8, groups=11): (
        "onednn::qconv2d_pointwise.binary onednn::qconv2d_pointwise.binary_tensor"
    ),
    _time_batch_channels: "conv_tbc",
    _deformable: "torchvision::deform_conv2d",
    _backward(0, mask=10, transposed=7): "convolution_backward",
    _backward(0, mask=9, transposed=6): "convolution_backward_overrideable",
    _backward(1, mask=7): "mps_convolution_backward",
    _backward(0, mask=8): "mps_convolution_transpose_backward",  # of the input's positions
    _backward(0, mask=6): "_slow_conv2d_backward.output_mask",
    _both_gradients: (
        "_slow_conv2d_backward.grad_input torchvision::_deform_conv2d_backward"
    ),
}  # fmt: skip
