"""One count of a network by each of lightbench's peers, as their documentation has it.

Each is given its best: ready inputs, no table to print, no gradients, no warnings about what it
does not count. The packages are imported at the first call, which is not timed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def thop(network: nn.Module, x: Tensor) -> int:
    from thop import profile

    return int(profile(network, inputs=(x,), verbose=False)[0])


@torch.no_grad()
def fvcore(network: nn.Module, x: Tensor) -> int:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(network, x)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total())


@torch.no_grad()
def ptflops(network: nn.Module, x: Tensor) -> int:
    from ptflops import get_model_complexity_info

    macs, _ = get_model_complexity_info(
        network,
        tuple(x.shape[1:]),
        print_per_layer_stat=False,
        as_strings=False,
        input_constructor=lambda _: x,  # its own would be uninitialised memory
        backend="pytorch",
    )
    return int(macs)  # None, and so a TypeError, if it failed


def torchinfo(network: nn.Module, x: Tensor) -> int:
    from torchinfo import summary

    return int(summary(network, input_data=x, verbose=0).total_mult_adds)


@torch.no_grad()
def flopcounter(network: nn.Module, x: Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        network(x)
    return int(counter.get_total_flops())


PEERS = {
    "thop": thop,
    "fvcore": fvcore,
    "ptflops": ptflops,
    "torchinfo": torchinfo,
    "FlopCounterMode": flopcounter,
}
