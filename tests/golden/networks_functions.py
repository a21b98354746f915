"""Small networks whose forward calls functions, methods and operators, or its modules in a way of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from call import Call, image
from networks_layers import S, X
from torch import Tensor, nn


class LayerScale(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma + self.bias


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


def autocast(m: Any, x: Tensor) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return m.b(F.relu(m.a(x)).flatten(1))


def direct_forward(m: Any, x: Tensor) -> Tensor:
    return m.a.forward(x)


FUNCTIONS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
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
