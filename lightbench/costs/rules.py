"""What an operator does: a table from aten operator to kind and MAdds.

A rule takes the operator's positional arguments and its output, and returns ``Work``. Operators
that only change the view of a tensor, or make one, move nothing and have no row at all.
One fused multiply-add is 1; bias, normalisation and activations are not MAdds (convention
``paper``; the others are in ``conventions.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lightbench.records import Kind

aten = torch.ops.aten
quantized = torch.ops.quantized


class Work(NamedTuple):
    """What one call of an operator computes; ``weights`` are the positions of its weight arguments."""

    kind: Kind
    madds: int = 0
    weight: tuple[int, ...] | None = None  # shape of the weight matrix or filter
    bias: bool = False
    stride: tuple[int, ...] = ()
    groups: int = 1
    weights: tuple[int, ...] = ()  # arguments that are weights whatever they were computed from
    gathers: bool = False  # reads of its first argument only what it writes (embedding, index)
    overwrites: bool = False  # does not read its first argument at all (copy_)


Rule = Callable[[tuple[Any, ...], Any], Work]


def _conv_kind(weight: torch.Size, groups: int) -> Kind:
    """PyTorch's weight is (c_out, c_in / groups, k, k): one input channel per group is depthwise."""
    if groups > 1:
        return "depthwise conv" if weight[1] == 1 else "grouped conv"
    return "pointwise conv" if math.prod(weight[2:]) == 1 else "dense conv"


def _conv(
    x: Tensor, w: Tensor, bias: Any, stride: Any, groups: int, positions: tuple[int, ...]
) -> Work:
    """k^2 c_in c_out / groups at each of ``positions`` (output, or input if transposed)."""
    spatial = w.dim() - 2
    batch = x.shape[0] if x.dim() == w.dim() else 1
    return Work(
        _conv_kind(w.shape, groups),
        madds=batch * w.numel() * math.prod(positions[len(positions) - spatial :]),
        weight=tuple(w.shape),
        bias=bias is not None,
        stride=tuple(stride) * (spatial if len(stride) == 1 else 1),
        groups=groups,
        weights=(1, 2),
    )


def _at(args: tuple[Any, ...], position: int, default: Any) -> Any:
    return args[position] if len(args) > position else default


def conv(args: tuple[Any, ...], out: Tensor) -> Work:
    """conv1d, conv2d, conv3d (input, weight, bias, stride, padding, dilation, groups)."""
    stride = _at(args, 3, (1,))
    stride = (stride,) if isinstance(stride, int) else stride
    return _conv(args[0], args[1], _at(args, 2, None), stride, _at(args, 6, 1), tuple(out.shape))


def conv_transpose(args: tuple[Any, ...], _out: Tensor) -> Work:
    """conv_transpose1d, 2d, 3d (input, weight, bias, stride, padding, output_padding, groups)."""
    positions = tuple(args[0].shape)
    return _conv(
        args[0], args[1], _at(args, 2, None), _at(args, 3, (1,)), _at(args, 6, 1), positions
    )


def convolution(args: tuple[Any, ...], out: Tensor) -> Work:
    """aten.convolution (input, weight, bias, stride, padding, dilation, transposed, ..., groups)."""
    positions = tuple(args[0].shape if args[6] else out.shape)
    return _conv(args[0], args[1], args[2], args[3], args[8], positions)


def linear(args: tuple[Any, ...], out: Tensor) -> Work:
    """Input (..., c_in), weight (c_out, c_in): c_in MAdds for each output element."""
    w = args[1]
    return Work(
        "linear",
        madds=out.numel() * w.shape[-1],
        weight=tuple(w.shape),
        bias=_at(args, 2, None) is not None,
        weights=(1, 2),
    )


def matmul(a: int, b: int) -> Rule:
    """A product of the arguments ``a`` (..., n, m) and ``b`` (..., m, p): m MAdds per (n, p).

    ``aten.addmm`` with a parameter is how ``linear`` looks from below: then it is a linear row.
    """

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        left, right = args[a], args[b]
        return Work("matmul", madds=out.numel() * left.shape[-1], weight=tuple(right.shape[::-1]))

    return rule


def addbmm(args: tuple[Any, ...], _out: Tensor) -> Work:
    """Sum over the batch of (b, n, m) @ (b, m, p)."""
    return Work("matmul", madds=args[1].numel() * args[2].shape[-1])


def dot(args: tuple[Any, ...], _out: Tensor) -> Work:
    return Work("matmul", madds=args[0].numel())


def attention(args: tuple[Any, ...], _out: Any) -> Work:
    """Scaled dot product: query (..., L, E), key (..., S, E), value (..., S, V): L S (E + V) a head."""
    query, key, value = args[:3]
    positions = query.numel() // query.shape[-1] * key.shape[-2]
    return Work("attention", madds=positions * (query.shape[-1] + value.shape[-1]))


def native_attention(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.MultiheadAttention``'s fast path: projections to 3 E and E, and the attention itself."""
    query, key, width = args[0], args[1], args[3]
    tokens = query.numel() // width
    return Work("attention", madds=tokens * width * (4 * width + 2 * key.shape[1]))


def encoder_layer(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.TransformerEncoderLayer``'s fast path: attention and the two feed-forward products."""
    source, width, feed_forward = args[0], args[1], args[14]
    tokens = source.numel() // width
    inner = 4 * width + 2 * source.shape[-2]
    return Work("attention", madds=tokens * (width * inner + 2 * feed_forward.numel()))


def recurrent(args: tuple[Any, ...], _out: Any) -> Work:
    """LSTM, GRU, RNN (input (T, B, c), hidden, weights): every matrix once per step and sequence."""
    steps = args[0].numel() // args[0].shape[-1]
    madds = steps * sum(w.numel() for w in args[2] if w.dim() == 2)
    return Work("recurrent", madds, weights=(2,))


def packed_recurrent(args: tuple[Any, ...], _out: Any) -> Work:
    """The same on a packed sequence (data (tokens, c), batch sizes, hidden, weights)."""
    madds = args[0].shape[0] * sum(w.numel() for w in args[3] if w.dim() == 2)
    return Work("recurrent", madds, weights=(3,))


def onednn_recurrent(args: tuple[Any, ...], _out: Any) -> Work:
    """One direction of one layer as oneDNN runs it (input, w_input, w_hidden, ...)."""
    steps = args[0].numel() // args[0].shape[-1]
    return Work("recurrent", madds=steps * (args[1].numel() + args[2].numel()))


def quantized_linear(args: tuple[Any, ...], out: Tensor) -> Work:
    """The packed weight hides its shape; c_in is the input's last dimension."""
    c_in = args[0].shape[-1]
    return Work("linear", madds=out.numel() * c_in, weight=(out.shape[-1], c_in))


def _fixed(work: Work) -> Rule:
    return lambda _args, _out: work


def _overwrite(_args: tuple[Any, ...], _out: Any) -> Work:
    return Work("data movement", overwrites=True)


def _gather(_args: tuple[Any, ...], _out: Any) -> Work:
    return Work("data movement", gathers=True)


NORM = _fixed(Work("norm", weights=(1, 2, 3, 4)))  # scale, shift, running statistics
ACTIVATION = _fixed(Work("activation"))
ELEMENTWISE = _fixed(Work("element-wise"))
POOLING = _fixed(Work("pooling"))
MOVEMENT = _fixed(Work("data movement"))
OTHER = _fixed(Work("other"))

_BY_NAME: dict[Rule, str] = {
    conv: "conv1d conv2d conv3d",
    conv_transpose: "conv_transpose1d conv_transpose2d conv_transpose3d",
    convolution: "convolution _convolution convolution_overrideable",
    linear: "linear",
    matmul(0, 1): "mm bmm mv _int_mm",
    matmul(1, 2): "addmm baddbmm addmv _addmm_activation",
    addbmm: "addbmm",
    dot: "dot vdot",
    attention: (
        "scaled_dot_product_attention _scaled_dot_product_flash_attention"
        " _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention"
        " _scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable"
    ),
    native_attention: "_native_multi_head_attention",
    encoder_layer: "_transformer_encoder_layer_fwd",
    onednn_recurrent: "mkldnn_rnn_layer",
    NORM: (
        "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training"
        " _batch_norm_with_update _batch_norm_no_update cudnn_batch_norm layer_norm"
        " native_layer_norm group_norm native_group_norm instance_norm rms_norm _fused_rms_norm"
    ),
    ACTIVATION: (
        "relu relu_ relu6 relu6_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_"
        " sigmoid sigmoid_ silu silu_ gelu gelu_ tanh tanh_ elu elu_ leaky_relu leaky_relu_ mish"
        " mish_ softplus prelu _prelu_kernel selu selu_ celu celu_ log_sigmoid glu softmax"
        " _softmax _safe_softmax log_softmax _log_softmax threshold threshold_"
    ),
    POOLING: (
        "max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices"
        " avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d"
        " adaptive_avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool1d"
        " adaptive_max_pool2d adaptive_max_pool3d mkldnn_max_pool2d fractional_max_pool2d"
        " fractional_max_pool3d mean amax amin"
    ),
    MOVEMENT: (
        "cat concat stack clone _to_copy roll flip rot90 repeat repeat_interleave pad"
        " constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d"
        " replication_pad2d replication_pad3d im2col col2im upsample_nearest1d upsample_nearest2d"
        " upsample_nearest3d upsample_bilinear2d upsample_bicubic2d upsample_linear1d"
        " upsample_trilinear3d _upsample_nearest_exact2d _upsample_bilinear2d_aa"
        " _upsample_bicubic2d_aa grid_sampler grid_sampler_2d grid_sampler_3d channel_shuffle"
        " pixel_shuffle pixel_unshuffle tril triu scatter scatter_ index_copy index_put"
        " index_put_ _unsafe_index_put _pack_padded_sequence quantize_per_tensor"
        " quantize_per_tensor_dynamic dequantize split_with_sizes_copy slice_scatter"
        " select_scatter unsafe_split unsafe_chunk _reshape_copy view_copy unfold_copy"
    ),
    _overwrite: "copy_",
    _gather: "embedding index index_select gather _unsafe_index take take_along_dim",
    OTHER: (
        "sum prod max min argmax argmin var std var_mean std_mean norm linalg_vector_norm cumsum"
        " cumprod logsumexp topk sort argsort all any nonzero unique count_nonzero bincount"
        " one_hot scatter_add scatter_add_ index_add index_add_ scatter_reduce median mode"
        " kthvalue searchsorted bucketize histc multinomial is_nonzero equal allclose item"
        " _local_scalar_dense aminmax cummax cummin nanmean nansum masked_select masked_scatter"
        " _weight_norm_interface _weight_norm"
    ),
}  # fmt: skip

# Work of the layers of a recurrent network, whose variants differ by overload.
_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def _table() -> dict[Any, Rule]:
    table: dict[Any, Rule] = {}
    for rule, operators in _BY_NAME.items():
        for name in operators.split():
            packet = getattr(aten, name, None)  # not every PyTorch release has every operator
            if packet is not None:
                table.update((getattr(packet, overload), rule) for overload in packet.overloads())
    for name in _RECURRENT:
        table[getattr(aten, name).input] = recurrent
        table[getattr(aten, name).data] = packed_recurrent
    for name in ("linear_dynamic", "linear_dynamic_fp16", "linear", "linear_relu"):
        table[getattr(quantized, name).default] = quantized_linear
    return table


RULES = _table()

# Composite operators that return either a view or a copy, as the strides allow.
VIEW_OR_COPY = frozenset(
    getattr(packet, overload)
    for name in [
        "contiguous",
        "reshape",
        "reshape_as",
        "flatten",
        "to",
        "type_as",
        "unflatten",
        "dropout",
        "dropout_",
        "alpha_dropout",
        "feature_dropout",
        "feature_alpha_dropout",
        "ravel",
        "expand_as",
        "movedim",
        "swapaxes",
        "numpy_T",
        "chunk",
        "split",
        "tensor_split",
        "narrow",
        "squeeze",
        "unsqueeze",
        "transpose",
        "permute",
        "view",
        "select",
        "slice",
        "expand",
        "unbind",
        "t",
        "adjoint",
        "detach",
        "detach_",
        "alias",
        "split_with_sizes",
        "hsplit",
        "vsplit",
    ]
    if (packet := getattr(aten, name, None)) is not None
    for overload in packet.overloads()
)


def rule_of(operator: Any) -> Rule | None:
    """The rule of an aten operator; None if nobody has said what it does.

    Operators that PyTorch itself tags as pointwise need no entry: they do no MAdds.
    """
    rule = RULES.get(operator)
    if rule is None and torch.Tag.pointwise in operator.tags:
        rule = RULES[operator] = ELEMENTWISE
    return rule
