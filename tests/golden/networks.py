"""Small networks of every kind on which tools that count differ; each is built by its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from cases import Call, image
from torch import Tensor, nn
from torch.nn.utils import parametrizations

Built = tuple[nn.Module, tuple[Any, ...]]
NETWORKS: dict[str, Callable[[], Built]] = {}


class LayerNorm(nn.LayerNorm):
    """Of another type than PyTorch's, as timm's."""


class ActivatedNorm(nn.BatchNorm2d):
    """Not a leaf, as timm's BatchNormAct2d."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))


class StandardisedConv(nn.Conv2d):
    """Normalises its own weight, as in NFNet and BiT."""

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.reshape(1, self.out_channels, -1)
        w = F.batch_norm(flat, None, None, training=True, momentum=0.0).reshape_as(self.weight)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


class LayerScale(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma + self.bias


def hand(name: str, network: Callable[[], nn.Module], *shapes: Any) -> None:
    def build() -> Built:
        args = (s if isinstance(s, Tensor) else image(*s) for s in shapes)
        return network().eval(), tuple(args)

    NETWORKS[name] = build


X = (1, 8, 12, 12)
S = (2, 10, 32)


def two_calls() -> nn.Module:
    def run(m: Any, x: Tensor) -> Tensor:
        return m.b(m.a(m.a(x)))

    return Call(run, a=nn.Conv2d(8, 8, 3, padding=1), b=nn.BatchNorm2d(8))


def one_module_under_two_parents() -> nn.Module:
    shared = nn.Conv2d(8, 8, 3, padding=1)
    return nn.Sequential(nn.Sequential(shared, nn.ReLU()), nn.Sequential(shared))


def one_block_twice() -> nn.Module:
    block = nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(nn.Sequential(block), nn.Sequential(block, block))


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


def weight_norm() -> nn.Module:
    return parametrizations.weight_norm(nn.Conv2d(8, 16, 3))


def old_weight_norm() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.utils.weight_norm(nn.Conv2d(8, 16, 3)), nn.ReLU())


def autocast(m: Any, x: Tensor) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return m.b(F.relu(m.a(x)).flatten(1))


def direct_forward(m: Any, x: Tensor) -> Tensor:
    return m.a.forward(x)


_LAYERS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "conv": (lambda: nn.Conv2d(8, 16, 3), X),
    "conv without bias": (lambda: nn.Conv2d(8, 16, 3, bias=False), X),
    "conv grouped": (lambda: nn.Conv2d(8, 16, 3, groups=4), X),
    "conv depthwise": (lambda: nn.Conv2d(8, 16, 3, groups=8, stride=2), X),
    "conv same": (lambda: nn.Conv2d(8, 16, 3, padding="same"), X),
    "conv valid": (lambda: nn.Conv2d(8, 16, 3, padding="valid"), X),
    "conv reflecting": (lambda: nn.Conv2d(8, 16, 3, padding=1, padding_mode="reflect"), X),
    "conv without batch": (lambda: nn.Conv2d(8, 16, 3), (8, 12, 12)),
    "conv 1d": (lambda: nn.Conv1d(8, 16, 3), (1, 8, 20)),
    "conv 3d": (lambda: nn.Conv3d(2, 4, 3), (1, 2, 5, 5, 5)),
    "conv transposed": (lambda: nn.ConvTranspose2d(8, 16, 3, stride=2), X),
    "conv transposed grouped": (lambda: nn.ConvTranspose2d(8, 16, 3, groups=4), X),
    "conv transposed 1d": (lambda: nn.ConvTranspose1d(8, 6, 3), (1, 8, 20)),
    "conv transposed 3d": (lambda: nn.ConvTranspose3d(2, 4, 3), (1, 2, 5, 5, 5)),
    "conv batch of four": (lambda: nn.Sequential(nn.Conv2d(8, 16, 3), nn.ReLU()), (4, 8, 12, 12)),
    "linear": (lambda: nn.Linear(32, 16), (1, 32)),
    "linear of three dimensions": (lambda: nn.Linear(32, 16), S),
    "linear of one dimension": (lambda: nn.Linear(32, 16), (32,)),
    "linear without bias": (lambda: nn.Linear(32, 16, bias=False), S),
    "bilinear": (lambda: Call(lambda m, x: m.b(x, x), b=nn.Bilinear(8, 8, 4)), (2, 8)),
    "batch norm": (lambda: nn.BatchNorm2d(8), X),
    "batch norm without scale": (lambda: nn.BatchNorm2d(8, affine=False), X),
    "batch norm of the batch": (lambda: nn.BatchNorm2d(8, track_running_stats=False), X),
    "batch norm 1d": (lambda: nn.BatchNorm1d(8), (3, 8)),
    "instance norm": (lambda: nn.InstanceNorm2d(8), X),
    "instance norm with scale": (lambda: nn.InstanceNorm2d(8, affine=True), X),
    "instance norm tracking": (
        lambda: nn.InstanceNorm2d(8, affine=True, track_running_stats=True),
        X,
    ),
    "group norm": (lambda: nn.GroupNorm(4, 8), X),
    "layer norm": (lambda: nn.LayerNorm(32), S),
    "layer norm without bias": (lambda: nn.LayerNorm(32, bias=False), S),
    "layer norm without scale": (lambda: nn.LayerNorm(32, elementwise_affine=False), S),
    "layer norm of another type": (lambda: nn.Sequential(LayerNorm(32)), S),
    "norm that holds an activation": (lambda: nn.Sequential(ActivatedNorm(8)), X),
    "rms norm": (lambda: nn.RMSNorm(32), S),
    "local response norm": (lambda: nn.LocalResponseNorm(3), X),
    "norm of a weight": (lambda: nn.Sequential(StandardisedConv(8, 16, 3)), X),
    "activations": (
        lambda: nn.Sequential(
            *(nn.ReLU(), nn.ReLU6(), nn.ELU(), nn.LeakyReLU(), nn.GELU(), nn.SiLU(), nn.PReLU()),
            *(nn.Hardswish(), nn.Sigmoid(), nn.Tanh(), nn.Mish(), nn.Softplus(), nn.CELU()),
            nn.SELU(), nn.Hardsigmoid(), nn.Hardtanh(), nn.Softmax(dim=1), nn.LogSoftmax(dim=1),
        ),
        X,
    ),
    "activations in place": (
        lambda: nn.Sequential(nn.ReLU(True), nn.ReLU6(True), nn.ELU(inplace=True), nn.SiLU(True)),
        X,
    ),
    "prelu of channels": (lambda: nn.PReLU(8), X),
    "pools": (
        lambda: nn.Sequential(
            nn.MaxPool2d(2), nn.AvgPool2d(2, 1), nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(1)
        ),
        X,
    ),
    "adaptive pool uneven": (lambda: nn.AdaptiveAvgPool2d((5, 7)), X),
    "pools 1d": (
        lambda: nn.Sequential(nn.MaxPool1d(2), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(3)),
        (1, 8, 20),
    ),
    "pools 3d": (
        lambda: nn.Sequential(nn.MaxPool3d(2), nn.AvgPool3d(2), nn.AdaptiveAvgPool3d(1)),
        (1, 2, 8, 8, 8),
    ),
    "upsample": (lambda: nn.Upsample(scale_factor=2), X),
    "upsample bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), X),
    "upsample bicubic": (lambda: nn.Upsample(size=20, mode="bicubic"), X),
    "upsample trilinear": (lambda: nn.Upsample(scale_factor=2, mode="trilinear"), (1, 2, 4, 4, 4)),
    "upsample 1d": (lambda: nn.Upsample(scale_factor=2, mode="linear"), (1, 8, 20)),
    "upsampling of old names": (
        lambda: nn.Sequential(nn.UpsamplingNearest2d(scale_factor=2), nn.UpsamplingBilinear2d(9)),
        X,
    ),
    "pixel shuffle": (lambda: nn.Sequential(nn.Conv2d(8, 16, 1), nn.PixelShuffle(2)), X),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 4)),
        torch.arange(14).reshape(2, 7),
    ),
    "lstm": (lambda: nn.LSTM(8, 6), (5, 3, 8)),
    "lstm of two layers, both ways": (
        lambda: nn.LSTM(8, 6, num_layers=2, bidirectional=True, batch_first=True),
        (3, 5, 8),
    ),
    "lstm with projection": (lambda: nn.LSTM(8, 6, proj_size=3), (5, 3, 8)),
    "gru": (lambda: nn.GRU(8, 6, num_layers=2), (5, 3, 8)),
    "gru without bias": (lambda: nn.GRU(8, 6, bias=False, bidirectional=True), (5, 3, 8)),
    "rnn": (lambda: nn.RNN(8, 6), (5, 3, 8)),
    "lstm cell": (lambda: Call(lambda m, x: m.c(x)[0], c=nn.LSTMCell(8, 6)), (3, 8)),
    "gru cell": (lambda: nn.GRUCell(8, 6), (3, 8)),
    "rnn cell": (lambda: nn.RNNCell(8, 6), (3, 8)),
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
    "einsum": (
        lambda: Call(lambda m, x: torch.einsum("bij,bkj->bik", x, x)),
        (2, 5, 7),
    ),
    "einsum of four letters": (
        lambda: Call(lambda m, x: torch.einsum("bhid,bhjd->bhij", x, x)),
        (2, 4, 103, 17),
    ),
    "einsum without a sum": (lambda: Call(lambda m, x: torch.einsum("i,j->ij", x, x)), (33,)),
    "at": (lambda: Call(lambda m, x: x @ m.w, w=image(32, 16)), (4, 32)),
    "at of tensors": (lambda: Call(lambda m, x: x @ x.transpose(1, 2)), (2, 5, 7)),
    "matmul": (lambda: Call(lambda m, x: torch.matmul(x, m.w), w=image(32, 16)), S),
    "matmul as a method": (lambda: Call(lambda m, x: x.matmul(m.w), w=image(32, 16)), S),
    "mm, bmm, addmm, baddbmm": (
        lambda: Call(
            lambda m, x: torch.bmm(x, x.transpose(1, 2))
            + torch.baddbmm(x[..., :5], x, x.transpose(1, 2))
            + torch.addmm(m.b, x[0], m.w)
            + torch.mm(x[0], m.w),
            b=image(5),
            w=image(7, 5),
        ),
        (2, 5, 7),
    ),
    "tensordot": (lambda: Call(lambda m, x: torch.tensordot(x, m.w, 1), w=image(32, 16)), S),
    "sums and products": (
        lambda: Call(
            lambda m, x: torch.add(x, x) * x.add(1) + torch.mul(x, x) / x.mul(2)
        ),
        X,
    ),
    "functions that were kept": (
        lambda: Call(lambda m, x: m.act(m.norm(x)), act=F.relu, norm=partial(F.softmax, dim=1)),
        X,
    ),
    "lstm without bias": (lambda: nn.LSTM(8, 6, bias=False), (5, 3, 8)),
    "lstm of doubles": (lambda: nn.LSTM(8, 6).double(), torch.randn(5, 3, 8).double()),
    "linear of one dimension without bias": (lambda: nn.Linear(32, 16, bias=False), (32,)),
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
    "matrix times vector": (lambda: Call(lambda m, x: m.w.matmul(x), w=image(16, 32)), (32,)),
    "a sum of a list": (lambda: Call(lambda m, x: sum([x, x, x])), X),
    "area": (lambda: Call(lambda m, x: F.interpolate(x, size=5, mode="area")), X),
    "functions": (
        lambda: Call(
            lambda m, x: F.softmax(
                F.max_pool2d(F.gelu(F.elu(F.relu6(F.silu(F.relu(x))))), 2), dim=1
            )
        ),
        X,
    ),
    "functional pools": (
        lambda: Call(
            lambda m, x: F.adaptive_avg_pool2d(F.avg_pool2d(x, 2), 3)
            + F.adaptive_max_pool2d(x, 3)
        ),
        X,
    ),
    "methods": (
        lambda: Call(lambda m, x: x.relu().sigmoid().softmax(1).tanh().mean((2, 3))),
        X,
    ),
    "functional conv": (lambda: Call(lambda m, x: F.conv2d(x, m.w), w=image(16, 8, 3, 3)), X),
    "functional conv same": (
        lambda: Call(lambda m, x: F.conv2d(x, m.w, padding="same"), w=image(16, 8, 3, 3)),
        X,
    ),
    "functional linear": (lambda: Call(lambda m, x: F.linear(x, m.w), w=image(16, 32)), S),
    "functional layer norm": (lambda: Call(lambda m, x: F.layer_norm(x, (32,))), S),
    "interpolate": (
        lambda: Call(
            lambda m, x: F.interpolate(
                F.interpolate(x, scale_factor=2, mode="bilinear"), size=(9, 10)
            )
        ),
        X,
    ),
    "grid sample": (
        lambda: Call(
            lambda m, x: F.grid_sample(
                x, F.affine_grid(m.t, (1, 8, 6, 6), align_corners=False), align_corners=False
            ),
            t=image(1, 2, 3),
        ),
        X,
    ),
    "a module twice": (two_calls, X),
    "a module under two parents": (one_module_under_two_parents, X),
    "a block at three places": (one_block_twice, X),
    "a module's forward": (lambda: Call(direct_forward, a=nn.Linear(32, 4)), S),
    "a leaf with parameters": (
        lambda: nn.Sequential(nn.Linear(32, 32), LayerScale(32), nn.Linear(32, 8)),
        S,
    ),
    "weight norm": (weight_norm, X),
    "weight norm by hook": (old_weight_norm, X),
    "autocast": (
        lambda: Call(autocast, a=nn.Conv2d(8, 8, 3), b=nn.Linear(800, 4)),
        X,
    ),
    "module list": (
        lambda: Call(
            lambda m, x: sum(layer(x) for layer in m.layers),
            layers=nn.ModuleList([nn.Conv2d(8, 8, 1) for _ in range(3)]),
        ),
        X,
    ),
}  # fmt: skip
for _name, (_network, _shapes) in _LAYERS.items():
    _many = isinstance(_shapes, tuple) and not isinstance(_shapes[0], int)
    hand(_name, _network, *(_shapes if _many else (_shapes,)))
