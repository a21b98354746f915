"""Layers and products that counters get wrong, however they are written."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from call import Call, Cases, image, into
from torch import nn

LAYERS: Cases = {}
case = into(LAYERS)


@case
def functional_conv2d():
    return (
        Call(lambda m, x: F.conv2d(x, m.w, padding=1), w=image(16, 8, 3, 3)),
        (image(1, 8, 10, 10),),
        16 * 8 * 9 * 100,
    )


@case
def functional_linear():
    return Call(lambda m, x: F.linear(x, m.w), w=image(16, 32)), (image(4, 32),), 4 * 16 * 32


@case
def at_operator():
    return Call(lambda m, x: x @ m.w, w=image(32, 16)), (image(4, 32),), 4 * 16 * 32


@case
def matmul_of_two_activations():
    return Call(lambda m, x: torch.matmul(x, x.transpose(1, 2))), (image(2, 5, 7),), 2 * 5 * 5 * 7


@case
def einsum():
    return (
        Call(lambda m, x: torch.einsum("bij,bjk->bik", x, x.transpose(1, 2))),
        (image(2, 5, 7),),
        2 * 5 * 5 * 7,
    )


@case
def baddbmm():
    return (
        Call(lambda m, x: torch.baddbmm(image(2, 5, 5), x, x.transpose(1, 2))),
        (image(2, 5, 7),),
        2 * 5 * 5 * 7,
    )


@case
def addbmm():
    return (
        Call(lambda m, x: torch.addbmm(image(5, 5), x, x.transpose(1, 2))),
        (image(2, 5, 7),),
        2 * 5 * 5 * 7,
    )


@case
def addmm():
    return (
        Call(lambda m, x: torch.addmm(m.b, x, m.w), b=image(16), w=image(32, 16)),
        (image(4, 32),),
        4 * 16 * 32,
    )


@case
def matrix_times_vector():
    return Call(lambda m, x: m.w.mv(x), w=image(16, 32)), (image(32),), 16 * 32


@case
def dot_product():
    return Call(lambda m, x: torch.dot(x, x)), (image(32),), 32


@case
def unfold_then_matmul():
    def run(m, x):
        return m.w @ F.unfold(x, 3, padding=1)

    return Call(run, w=image(16, 8 * 9)), (image(1, 8, 10, 10),), 16 * 8 * 9 * 100


@case
def grouped_convolution():
    return nn.Conv2d(8, 16, 3, padding=1, groups=4), (image(1, 8, 10, 10),), 16 * 2 * 9 * 100


@case
def depthwise_convolution():
    return nn.Conv2d(8, 8, 3, padding=1, groups=8), (image(1, 8, 10, 10),), 8 * 9 * 100


@case
def dilated_convolution_with_same_padding():
    return nn.Conv2d(8, 16, 3, padding="same", dilation=2), (image(1, 8, 10, 10),), 16 * 8 * 9 * 100


@case
def strided_convolution():
    return nn.Conv2d(8, 16, 3, stride=2, padding=1), (image(1, 8, 10, 10),), 16 * 8 * 9 * 25


@case
def transposed_convolution():
    return nn.ConvTranspose2d(8, 16, 3, stride=2), (image(1, 8, 10, 10),), 16 * 8 * 9 * 100


@case
def grouped_transposed_convolution():
    return nn.ConvTranspose2d(8, 16, 3, stride=2, groups=4), (image(1, 8, 10, 10),), 8 * 4 * 9 * 100


@case
def convolution_1d():
    return nn.Conv1d(8, 16, 3), (image(2, 8, 10),), 2 * 16 * 8 * 3 * 8


@case
def convolution_3d():
    return nn.Conv3d(2, 4, 3), (image(1, 2, 5, 5, 5),), 4 * 2 * 27 * 27


@case
def unbatched_convolution():
    return nn.Conv2d(8, 16, 3), (image(8, 10, 10),), 16 * 8 * 9 * 64


@case
def linear_on_three_dimensions():
    return nn.Linear(32, 16), (image(2, 7, 32),), 2 * 7 * 32 * 16


@case
def linear_on_four_dimensions():
    return nn.Linear(32, 16), (image(2, 7, 3, 32),), 2 * 7 * 3 * 32 * 16


@case
def batch_of_four():
    return nn.Conv2d(8, 16, 3, padding=1), (image(4, 8, 10, 10),), 4 * 16 * 8 * 9 * 100


@case
def scaled_dot_product_attention():
    return (
        Call(lambda m, q: F.scaled_dot_product_attention(q, q, q)),
        (image(2, 4, 10, 8),),
        2 * 4 * 10 * 10 * 16,
    )


def _attention_madds(tokens: int, width: int) -> int:
    return tokens * 4 * width * width + 2 * tokens * tokens * width


@case
def multihead_attention_fast_path():
    layer = nn.MultiheadAttention(32, 4, batch_first=True).eval()
    return (
        Call(lambda m, x: m.a(x, x, x, need_weights=False)[0], a=layer),
        (image(1, 10, 32),),
        _attention_madds(10, 32),
    )


@case
def multihead_attention_with_weights():
    layer = nn.MultiheadAttention(32, 4)
    return (
        Call(lambda m, x: m.a(x, x, x)[0], a=layer),
        (image(10, 1, 32),),
        _attention_madds(10, 32),
    )


@case
def transformer_encoder_layer():
    layer = nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, batch_first=True).eval()
    return layer, (image(1, 10, 32),), _attention_madds(10, 32) + 2 * 10 * 32 * 64


@case
def lstm_two_layers_both_directions():
    first, second = 4 * 6 * (8 + 6), 4 * 6 * (12 + 6)
    return (
        nn.LSTM(8, 6, num_layers=2, bidirectional=True),
        (image(5, 3, 8),),
        15 * 2 * (first + second),
    )


@case
def gru():
    return nn.GRU(8, 6), (image(5, 3, 8),), 15 * 3 * 6 * (8 + 6)


@case
def elman_rnn():
    return nn.RNN(8, 6, batch_first=True), (image(3, 5, 8),), 15 * 6 * (8 + 6)


@case
def lstm_cell_in_a_loop():
    def run(m, x):
        state = None
        for step in x:
            state = m.c(step, state)
        return state[0]

    return Call(run, c=nn.LSTMCell(8, 6)), (image(5, 3, 8),), 15 * 4 * 6 * (8 + 6)


@case
def packed_sequence():
    def run(m, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3, 2]))
        return m.r(packed)[1][0]

    return Call(run, r=nn.LSTM(8, 6)), (image(5, 3, 8),), 10 * 4 * 6 * (8 + 6)
