"""Modules that counters get wrong for what they are: compiled, exported, lazy, of other numbers or on no device."""

from __future__ import annotations

import torch
from call import Cases, image, into
from torch import nn

MODULES: Cases = {}
case = into(MODULES)


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


@case
def weight_norm():
    return nn.utils.parametrizations.weight_norm(nn.Linear(16, 4)), (image(1, 16),), 64


class OwnConv(nn.Conv2d):
    pass


@case
def subclass_of_conv2d():
    return OwnConv(8, 4, 1), (image(1, 8, 5, 5),), 32 * 25


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
