"""int8 layers, whose weights are packed: PyTorch hides them from parameters and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lightbench.costs.rules.convolutions import convolve
from lightbench.costs.stored import packed_size, saved, unpacked
from lightbench.costs.work import Names, Rule, Work


def _conv(pack: int = 1) -> Rule:
    """Input, and at ``pack`` the packed filters with bias, stride and groups."""

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        x, packed = args[0], args[pack]
        weight, *bias = tensors = unpacked(packed)
        positions: Sequence[int] = x.shape if packed.transpose() else out.shape
        spatial = x.dim() - 2
        if weight.dim() - 2 > spatial:  # conv1d's filters are packed as 1 x k
            weight = weight.flatten(2)
        work = convolve(
            x,
            weight,
            positions,
            bias=bias[0] if bias else None,
            stride=packed.stride()[-spatial:],
            groups=packed.groups(),
            weights=(),
        )
        return work._replace(packed=packed_size(tensors))

    return rule


def _linear(pack: int = 1) -> Rule:
    """Input, and at ``pack`` the packed weight (c_out, c_in) and bias."""

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        weight, *bias = tensors = unpacked(args[pack])
        c_out, c_in = weight.shape
        return Work(
            "linear",
            out.numel() * c_in,
            (c_out, c_in),
            bias=bool(bias),
            packed=packed_size(tensors),
        )

    return rule


def _sparse_linear(args: tuple[Any, ...], _out: Tensor) -> Work:
    """A weight of sparse blocks: what is stored of it is multiplied, zeros in a block too."""
    values, *bias = tensors = unpacked(args[1])
    c_out, c_in = saved(args[1])[-2:]
    return Work(
        "linear",
        args[0].numel() // c_in * values.numel(),
        (c_out, c_in),
        bias=bool(bias),
        packed=packed_size(tensors),
    )


def _embedding(args: tuple[Any, ...], _out: Tensor) -> Work:
    """Rows looked up in a packed table: as many bytes as their share of it."""
    indices = args[1].numel()
    table = unpacked(args[0])
    elements, size = packed_size(table)
    rows = table[0].shape[0]
    return Work(
        "data movement",
        reads={2: 0},
        outputs=1,
        packed=(elements * indices // rows, size * indices // rows),
    )


def _onednn_conv2d(args: tuple[Any, ...], out: Tensor) -> Work:
    """mkldnn_prepacked::conv2d_run (input, context)."""
    weight, bias, stride, _, _, groups, *_ = saved(args[1])
    return convolve(
        args[0], weight, out.shape, bias=bias, stride=stride, groups=groups, weights=()
    )._replace(packed=packed_size(unpacked(args[1])))


QUANTIZED: Names = {
    _conv(): (
        "quantized::conv1d quantized::conv1d_relu quantized::conv1d_dynamic quantized::conv2d"
        " quantized::conv2d_relu quantized::conv2d_dynamic quantized::conv3d quantized::conv3d_relu"
        " quantized::conv3d_dynamic quantized::conv_transpose1d quantized::conv_transpose1d_dynamic"
        " quantized::conv_transpose2d quantized::conv_transpose2d_dynamic"
        " quantized::conv_transpose3d quantized::conv_transpose3d_dynamic _quantized::conv2d"
        " _quantized::conv2d_relu _quantized::conv3d _quantized::conv3d_relu"
        " _quantized::conv_transpose1d _quantized::conv_transpose2d"
    ),
    _conv(pack=2): "quantized::conv2d_add quantized::conv2d_add_relu",
    _linear(): (
        "quantized::linear quantized::linear_relu quantized::linear_leaky_relu"
        " quantized::linear_tanh quantized::linear_dynamic quantized::linear_relu_dynamic"
        " quantized::linear_dynamic_fp16 quantized::linear_relu_dynamic_fp16 _quantized::linear"
        " _quantized::linear_dynamic"
    ),
    _linear(pack=3): (
        "quantized::linear_with_input_q_dq_qweight_dq_output_fp32"
        " quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32"
    ),
    _sparse_linear: (
        "sparse::qlinear sparse::qlinear_relu sparse::qlinear_dynamic sparse::qlinear_relu_dynamic"
    ),
    _embedding: (
        "quantized::embedding_byte quantized::embedding_4bit quantized::embedding_bag_byte"
        " quantized::embedding_bag_4bit"
    ),
    _onednn_conv2d: "mkldnn_prepacked::conv2d_run",
}
