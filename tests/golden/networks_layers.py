"""Small networks of one layer, or of one kind of layer; each is built by its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from call import Call
from torch import Tensor, nn
from torch.nn.utils import parametrizations

X = (1, 8, 12, 12)
S = (2, 10, 32)


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


def weight_norm() -> nn.Module:
    return parametrizations.weight_norm(nn.Conv2d(8, 16, 3))


def old_weight_norm() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.utils.weight_norm(nn.Conv2d(8, 16, 3)), nn.ReLU())


LAYERS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
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
    "lstm without bias": (lambda: nn.LSTM(8, 6, bias=False), (5, 3, 8)),
    "lstm of doubles": (lambda: nn.LSTM(8, 6).double(), torch.randn(5, 3, 8).double()),
    "linear of one dimension without bias": (lambda: nn.Linear(32, 16, bias=False), (32,)),
    "weight norm": (weight_norm, X),
    "weight norm by hook": (old_weight_norm, X),
}  # fmt: skip
