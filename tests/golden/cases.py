"""Small networks that counters get wrong, each with the MAdds that a formula gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CASES: dict[str, Callable[[], tuple[nn.Module, tuple[Any, ...], int]]] = {}


def case(build: Callable[[], tuple[nn.Module, tuple[Any, ...], int]]) -> Any:
    CASES[build.__name__] = build
    return build


class Call(nn.Module):
    """A network whose forward is a function of itself and its inputs."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, Tensor):
                setattr(self, name, nn.Parameter(part))
            else:
                setattr(self, name, part)
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(self, *args, **kwargs)


def image(*shape: int) -> Tensor:
    return torch.randn(shape)


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
def shared_module_at_two_sizes():
    conv = nn.Conv2d(8, 8, 3, padding=1)
    return (
        Call(lambda m, x: m.c(x).sum() + m.c(x[..., :5]).sum(), c=conv),
        (image(1, 8, 10, 10),),
        64 * 9 * 150,
    )


@case
def module_in_a_loop():
    def run(m, x):
        for _ in range(5):
            x = m.c(x)
        return x

    return Call(run, c=nn.Conv2d(8, 8, 3, padding=1)), (image(1, 8, 10, 10),), 5 * 64 * 9 * 100


@case
def one_module_under_two_names():
    layer = nn.Linear(16, 16)
    return Call(lambda m, x: m.b(m.a(x)), a=layer, b=layer), (image(1, 16),), 2 * 256


@case
def tied_weights():
    a, b = nn.Linear(16, 16), nn.Linear(16, 16)
    b.weight = a.weight
    return nn.Sequential(a, b), (image(1, 16),), 2 * 256


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
def branch_on_a_value():
    def run(m, x):
        return m.a(x) if x.sum() > 1e9 else m.b(x)

    return Call(run, a=nn.Linear(16, 16), b=nn.Linear(16, 4)), (image(1, 16),), 64


@case
def branch_on_a_shape():
    def run(m, x):
        return m.a(x) if x.shape[-1] > 20 else m.b(x)

    return Call(run, a=nn.Linear(16, 16), b=nn.Linear(16, 4)), (image(1, 16),), 64


@case
def dict_input():
    return Call(lambda m, d: m.a(d["x"]), a=nn.Linear(16, 4)), ({"x": image(1, 16)},), 64


@case
def tuple_input():
    return Call(lambda m, d: m.a(d[1]), a=nn.Linear(16, 4)), ((1, image(1, 16)),), 64


@dataclass
class Batch:
    x: Tensor


@case
def dataclass_input():
    return Call(lambda m, d: m.a(d.x), a=nn.Linear(16, 4)), (Batch(image(1, 16)),), 64


@case
def two_inputs():
    return Call(lambda m, x, y: m.a(x + y), a=nn.Linear(16, 4)), (image(1, 16), image(1, 16)), 64


@case
def token_ids():
    network = nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 4))
    return network, (torch.randint(0, 100, (2, 7)),), 14 * 64


@case
def in_place_operators():
    def run(m, x):
        x = m.a(x).relu_()
        x += 1
        x[:, 0] = 0
        return m.b(x)

    return Call(run, a=nn.Linear(16, 8), b=nn.Linear(8, 4)), (image(1, 16),), 128 + 32


@case
def lazy_modules():
    return (
        nn.Sequential(nn.LazyConv2d(16, 3, padding=1), nn.ReLU(), nn.LazyBatchNorm2d()),
        (image(1, 8, 10, 10),),
        16 * 8 * 9 * 100,
    )


@case
def compiled_module():
    return torch.compile(nn.Linear(16, 4), backend="eager"), (image(1, 16),), 64


@case
def compiled_part():
    return (
        nn.Sequential(torch.compile(nn.Linear(16, 4), backend="eager"), nn.Linear(4, 2)),
        (image(1, 16),),
        72,
    )


@case
def scripted_module():
    return torch.jit.script(nn.Sequential(nn.Linear(16, 4), nn.ReLU())), (image(1, 16),), 64


@case
def traced_module():
    return (
        torch.jit.trace(nn.Sequential(nn.Linear(16, 4), nn.ReLU()), image(1, 16)),
        (image(1, 16),),
        64,
    )


@case
def fx_graph_module():
    return (
        torch.fx.symbolic_trace(nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU())),
        (image(1, 8, 5, 5),),
        32 * 25,
    )


@case
def exported_module():
    network = nn.Sequential(nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4), nn.ReLU()).eval()
    return (
        torch.export.export(network, (image(1, 8, 5, 5),)).module(),
        (image(1, 8, 5, 5),),
        32 * 25,
    )


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        return x @ w

    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient


@case
def autograd_function():
    return Call(lambda m, x: Product.apply(x, m.w), w=image(16, 4)), (image(1, 16),), 64


@case
def gradient_inside_forward():
    def run(m, x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(m.a(x).sum(), x)[0]

    return Call(run, a=nn.Linear(16, 4)), (image(1, 16),), 64 + 64  # and the product of backward


@case
def direct_forward_call():
    return Call(lambda m, x: m.a.forward(x), a=nn.Linear(16, 4)), (image(1, 16),), 64


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(16, 4)

    def encode(self, x):
        return self.a(x)


@case
def method_other_than_forward():
    return Call(lambda m, x: m.e.encode(x), e=Encoder()), (image(1, 16),), 64


@case
def parameter_list():
    weights = nn.ParameterList([nn.Parameter(image(16, 16)) for _ in range(3)])
    return Call(lambda m, x: x @ m.ws[0] @ m.ws[1] @ m.ws[2], ws=weights), (image(1, 16),), 3 * 256


@case
def weight_norm():
    return nn.utils.parametrizations.weight_norm(nn.Linear(16, 4)), (image(1, 16),), 64


@case
def checkpointed():
    from torch.utils.checkpoint import checkpoint

    return (
        Call(lambda m, x: checkpoint(m.a, x, use_reentrant=False), a=nn.Linear(16, 4)),
        (image(1, 16),),
        64,
    )


@case
def vmap_of_matrix_times_vector():
    return (
        Call(lambda m, x: torch.vmap(lambda v: m.w @ v)(x), w=image(4, 16)),
        (image(32, 16),),
        32 * 64,
    )


@case
def unused_submodule():
    return (
        Call(lambda m, x: m.a(x), a=nn.Linear(16, 4), b=nn.Linear(1000, 1000)),
        (image(1, 16),),
        64,
    )


class OwnConv(nn.Conv2d):
    pass


@case
def subclass_of_conv2d():
    return OwnConv(8, 4, 1), (image(1, 8, 5, 5),), 32 * 25


@case
def parameter_beside_submodules():
    return (
        Call(lambda m, x: m.a(x) @ m.w, a=nn.Linear(16, 16), w=image(16, 4)),
        (image(1, 16),),
        256 + 64,
    )


@case
def torch_cond():
    def run(m, x):
        return torch.cond(x.shape[0] > 3, m.a, m.b, (x,))

    return Call(run, a=nn.Linear(16, 16), b=nn.Linear(16, 4)), (image(1, 16),), 64


@case
def channels_last():
    network = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
    return (
        network.to(memory_format=torch.channels_last),
        (image(1, 8, 10, 10).to(memory_format=torch.channels_last),),
        16 * 72 * 100,
    )


@case
def bfloat16():
    return (
        nn.Conv2d(8, 16, 3, padding=1).bfloat16(),
        (image(1, 8, 10, 10).bfloat16(),),
        16 * 72 * 100,
    )


@case
def complex_numbers():
    return nn.Linear(16, 4).to(torch.complex64), (torch.randn(1, 16, dtype=torch.complex64),), 64


@case
def quantized_linear():
    from torch.ao.nn.quantized.dynamic import Linear

    return nn.Sequential(Linear(16, 4)), (image(1, 16),), 64


@case
def on_the_meta_device():
    with torch.device("meta"):
        return nn.Conv2d(8, 16, 3, padding=1), (torch.empty(1, 8, 10, 10),), 16 * 72 * 100


@case
def three_hundred_gigabytes():
    with torch.device("meta"):
        layers = nn.Sequential(*(nn.Linear(40_000, 40_000, bias=False) for _ in range(50)))
    return layers, (torch.empty(1, 40_000, device="meta"),), 50 * 40_000**2


@case
def channel_shuffle():
    def run(m, x):
        n, c, h, w = x.shape
        return m.a(x.view(n, 4, c // 4, h, w).transpose(1, 2).reshape(n, c, h, w))

    return Call(run, a=nn.Conv2d(8, 8, 1, groups=4)), (image(1, 8, 10, 10),), 8 * 2 * 100


@case
def constant_made_in_forward():
    def run(m, x):
        return m.a(x + torch.arange(16.0) * torch.tensor([0.5]))

    return Call(run, a=nn.Linear(16, 4)), (image(1, 16),), 64


@case
def constant_kept_as_a_plain_attribute():
    network = Call(lambda m, x: x @ m.__dict__["table"])
    network.__dict__["table"] = image(16, 4)
    return network, (image(1, 16),), 64


@case
def packed_sequence():
    def run(m, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3, 2]))
        return m.r(packed)[1][0]

    return Call(run, r=nn.LSTM(8, 6)), (image(5, 3, 8),), 10 * 4 * 6 * (8 + 6)
