"""What a forward does with its layers that counters get wrong: loops, branches, inputs of any kind."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from call import Call, Cases, image, into
from torch import Tensor, nn

FORWARDS: Cases = {}
case = into(FORWARDS)


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
