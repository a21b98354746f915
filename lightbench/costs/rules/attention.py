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


def _kernel(sequence: int, longest: int) -> Rule:
    """As ``attention``, with the keys' sequence at that dimension: (..., L, H, E) or (..., H, L, E)."""

    def rule(args: tuple[Any, ...], out: Any) -> Work:
        query, key, value = args[:3]
        widths = query.shape[-1] + value.shape[-1]
        positions = _positions(first(out), _keys(args, key, sequence, longest))
        return Work("attention", positions * widths, outputs=1)

    return rule


def _keys(args: tuple[Any, ...], key: Any, sequence: int, longest: int | None) -> int:
    """How many keys every query meets: of sequences one after the other as many as the longest has, as in
    the kernel's grid. Its length stands at ``longest``, and two before it where each begins, if so."""
    told = None if longest is None or at(args, longest - 2) is None else args[longest]
    return int(told or key.shape[sequence])


def _flash_into(args: tuple[Any, ...], out: Any) -> Work:
    """The same, into the tensor that comes first."""
    del out
    return _kernel(-3, 6)(args[1:], args[0])._replace(reads={0: 0})


def _backward(sequence: int, longest: int | None = None) -> Rule:
    """Five products: the scores once more, and the gradients of value, scores, query and key.

    ``sequence`` is the dimension of the keys; gradient, query, key, value follow one another.
    """

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        gradient, query, key, value = args[:4]
        positions = _positions(gradient, _keys(args, key, sequence, longest))
        return Work("attention", positions * (3 * query.shape[-1] + 2 * value.shape[-1]))

    return rule


def _native(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.MultiheadAttention``'s fast path: projections to 3 E and E, and the attention itself.

    Keys are as many as queries: the kernel puts the projections of both side by side.
    """
    query, width = args[0], args[3]
    return Work("attention", _projected(query, width), weights=(5, 6, 7, 8), outputs=1)


def _projected(x: Any, width: int) -> int:
    return int(x.numel() * (4 * width + 2 * x.shape[-2]))


def _encoder_layer(args: tuple[Any, ...], _out: Any) -> Work:
    """``nn.TransformerEncoderLayer``'s fast path: attention and the two feed-forward products."""
    source, width, feed_forward = args[0], args[1], args[14]
    tokens = source.numel() // width
    return Work("attention", _projected(source, width) + tokens * 2 * feed_forward.numel())


ATTENTION: Names = {
    attention: (
        "scaled_dot_product_attention _scaled_dot_product_flash_attention"
        " _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention"
        " _scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable"
        " _scaled_dot_product_attention_math_for_mps _triton_scaled_dot_attention flex_attention"
        " torchao::qscaled_dot_product"
    ),
    _kernel(-3, 6): "_flash_attention_forward",
    _kernel(-3, 7): "_efficient_attention_forward",
    _kernel(-2, 7): "_cudnn_attention_forward",
    _flash_into: "_flash_attention_forward_no_dropout_inplace",
    _backward(-2): (
        "_scaled_dot_product_flash_attention_backward"
        " _scaled_dot_product_flash_attention_for_cpu_backward"
        " _scaled_dot_product_efficient_attention_backward"
        " _scaled_dot_product_cudnn_attention_backward"
        " _scaled_dot_product_fused_attention_overrideable_backward"
    ),
    _backward(-2, 12): "_cudnn_attention_backward",
    _backward(-3, 9): "_flash_attention_backward _efficient_attention_backward",
    _native: "_native_multi_head_attention _triton_multi_head_attention",
    _encoder_layer: "_transformer_encoder_layer_fwd",
}
