"""Attention: L S (E + V) multiply-adds a head, whatever a mask leaves of them.

A mask, also flex_attention's block mask, hides results: eager mode computes every position first.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lightbench.costs.work import Names, Rule, Work, at, first


def _positions(out: Tensor, keys: int) -> int:
    """Queries of every head of the output, which is what broadcasting makes of all three, x keys."""
    return out.numel() // out.shape[-1] * keys


def attention(args: tuple[Any, ...], out: Any) -> Work:
    """Query (..., L, E), key (..., S, E), value (..., S, V). The log-sum-exp is a by-product."""
    query, key, value = args[:3]
    widths = query.shape[-1] + value.shape[-1]
    return Work("attention", _positions(first(out), key.shape[-2]) * widths, outputs=1)


def _flash(args: tuple[Any, ...], out: Any) -> Work:
    """Query (..., L, H, E), key (..., S, H, E), or all sequences one after the other, (tokens, H, E).

    Of those, every query meets as many keys as the longest sequence has, as in the kernel's grid.
    """
    query, key, value = args[:3]
    packed = query.dim() == 3 or at(args, 4) is not None
    keys = (args[6] if packed and isinstance(at(args, 6), int) else None) or key.shape[-3]
    widths = query.shape[-1] + value.shape[-1]
    return Work("attention", _positions(first(out), keys) * widths, outputs=1)


def _flash_into(args: tuple[Any, ...], out: Any) -> Work:
    """The same, into the tensor that comes first."""
    del out
    return _flash(args[1:], args[0])._replace(reads={0: 0})


def _cudnn(args: tuple[Any, ...], out: Any) -> Work:
    """As ``attention``, with sequences one after the other where ``cum_seq_q`` is given."""
    query, key, value = args[:3]
    keys = key.shape[-2] if at(args, 4) is None else args[7]
    return Work(
        "attention",
        _positions(first(out), keys) * (query.shape[-1] + value.shape[-1]),
        outputs=1,
    )


def _backward(sequence: int) -> Rule:
    """Five products: the scores once more, and the gradients of value, scores, query and key.

    ``sequence`` is the dimension of the keys; gradient, query, key, value follow one another.
    """

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        gradient, query, key, value = args[:4]
        positions = _positions(gradient, key.shape[sequence])
        return Work("attention", positions * (3 * query.shape[-1] + 2 * value.shape[-1]))

    return rule


def _native(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.MultiheadAttention``'s fast path: projections to 3 E and E, and the attention itself."""
    query, key, width = args[0], args[1], args[3]
    tokens = query.numel() // width
    madds = tokens * width * (4 * width + 2 * key.shape[1])
    return Work("attention", madds, weights=(5, 6, 7, 8), outputs=1)


def _encoder_layer(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.TransformerEncoderLayer``'s fast path: attention and the two feed-forward products."""
    source, width, feed_forward = args[0], args[1], args[14]
    tokens = source.numel() // width
    inner = 4 * width + 2 * source.shape[-2]
    return Work("attention", madds=tokens * (width * inner + 2 * feed_forward.numel()))


ATTENTION: Names = {
    attention: (
        "scaled_dot_product_attention _scaled_dot_product_flash_attention"
        " _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention"
        " _scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable"
        " _scaled_dot_product_attention_math_for_mps _triton_scaled_dot_attention flex_attention"
        " torchao::qscaled_dot_product"
    ),
    _flash: "_flash_attention_forward _efficient_attention_forward",
    _cudnn: "_cudnn_attention_forward",
    _flash_into: "_flash_attention_forward_no_dropout_inplace",
    _backward(-2): (
        "_scaled_dot_product_flash_attention_backward _cudnn_attention_backward"
        " _scaled_dot_product_flash_attention_for_cpu_backward"
        " _scaled_dot_product_efficient_attention_backward"
        " _scaled_dot_product_cudnn_attention_backward"
        " _scaled_dot_product_fused_attention_overrideable_backward"
    ),
    _backward(-3): "_flash_attention_backward _efficient_attention_backward",
    _native: "_native_multi_head_attention _triton_multi_head_attention",
    _encoder_layer: "_transformer_encoder_layer_fwd",
}
