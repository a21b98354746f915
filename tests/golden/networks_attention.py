"""Small networks that attend: attention by PyTorch's modules, by its function, and written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from call import Call
from networks_layers import S
from torch import Tensor, nn


def encoder(**settings: Any) -> nn.Module:
    return nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, **settings)


def attention(m: Any, x: Tensor) -> Tensor:
    return m.a(x, x, x)[0]


def quiet_attention(m: Any, x: Tensor) -> Tensor:
    return m.a(x, x, x, need_weights=False)[0]


def own_attention(m: Any, x: Tensor) -> Tensor:
    q, k, v = m.qkv(x).reshape(2, 10, 3, 4, 8).permute(2, 0, 3, 1, 4)
    scores = (q @ k.transpose(-2, -1)).softmax(-1)
    return m.proj((scores @ v).transpose(1, 2).reshape(2, 10, 32))


def own_attention_by_functions(m: Any, x: Tensor) -> Tensor:
    q, k, v = m.qkv(x).reshape(2, 10, 3, 4, 8).permute(2, 0, 3, 1, 4)
    scores = F.softmax(torch.matmul(q, k.transpose(-2, -1)).mul(8**-0.5), dim=-1)
    return m.proj(torch.matmul(scores, v).transpose(1, 2).reshape(2, 10, 32))


def qkv(function: Callable[..., Any]) -> Callable[[], nn.Module]:
    return lambda: Call(function, qkv=nn.Linear(32, 96), proj=nn.Linear(32, 32))


ATTENTION: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "attention": (lambda: Call(attention, a=nn.MultiheadAttention(32, 4)), (10, 2, 32)),
    "attention batch first": (
        lambda: Call(attention, a=nn.MultiheadAttention(32, 4, batch_first=True)),
        S,
    ),
    "attention without weights": (
        lambda: Call(quiet_attention, a=nn.MultiheadAttention(32, 4, batch_first=True)),
        S,
    ),
    "attention of an odd number": (
        lambda: Call(quiet_attention, a=nn.MultiheadAttention(30, 3, batch_first=True)),
        (2, 10, 30),
    ),
    "attention with added keys": (
        lambda: Call(
            attention, a=nn.MultiheadAttention(32, 4, batch_first=True, add_bias_kv=True)
        ),
        S,
    ),
    "attention across": (
        lambda: Call(
            lambda m, x, y: m.a(x, y, y)[0], a=nn.MultiheadAttention(32, 4, batch_first=True)
        ),
        (S, (2, 7, 32)),
    ),
    "encoder layer": (encoder, (10, 2, 32)),
    "encoder layer batch first": (lambda: encoder(batch_first=True), S),
    "encoder layer norm first gelu": (
        lambda: encoder(batch_first=True, norm_first=True, activation="gelu"),
        S,
    ),
    "encoder layer without bias": (lambda: encoder(batch_first=True, bias=False), S),
    "encoder": (
        lambda: nn.TransformerEncoder(encoder(batch_first=True), 2, enable_nested_tensor=False),
        S,
    ),
    "decoder layer": (
        lambda: nn.TransformerDecoderLayer(32, 4, dim_feedforward=64, batch_first=True),
        (S, (2, 7, 32)),
    ),
    "transformer": (
        lambda: nn.Transformer(32, 4, 1, 1, dim_feedforward=64, batch_first=True),
        (S, (2, 7, 32)),
    ),
    "own attention": (qkv(own_attention), S),
    "own attention by functions": (qkv(own_attention_by_functions), S),
    "functional attention": (
        lambda: Call(lambda m, x: F.scaled_dot_product_attention(x, x, x)),
        (2, 4, 10, 8),
    ),
    "functional attention without heads": (
        lambda: Call(lambda m, x: F.scaled_dot_product_attention(x, x, x)),
        (2, 10, 8),
    ),
    "functional attention, wide values": (
        lambda: Call(lambda m, x, v: F.scaled_dot_product_attention(x, x, v)),
        ((2, 4, 10, 8), (2, 4, 10, 16)),
    ),
    "functional attention, masked": (
        lambda: Call(lambda m, x, b: F.scaled_dot_product_attention(x, x, x, attn_mask=b)),
        ((2, 4, 10, 8), (10, 10)),
    ),
    "encoder with padding": (
        lambda: Call(
            lambda m, x, p: m.e(x, src_key_padding_mask=p),
            e=nn.TransformerEncoder(encoder(batch_first=True), 2),
        ),
        (torch.randn(S), torch.zeros(2, 10, dtype=torch.bool)),
    ),
    "masked attention": (
        lambda: Call(
            lambda m, x, b: m.a(x, x, x, attn_mask=b)[0],
            a=nn.MultiheadAttention(32, 4, batch_first=True),
        ),
        (S, (10, 10)),
    ),
}  # fmt: skip
