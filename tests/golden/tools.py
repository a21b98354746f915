"""Tools that count, each run as its documentation has it, beside what lightbench says of them.

thop, ptflops, torchinfo and fvcore run with gradients at hand, FlopCounterMode without.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench.costs.clones import copied
from lightbench.costs.conventions import convert
from lightbench.costs.count import count_costs
from lightbench.models.torchvision import import_torchvision

import_torchvision()  # ptflops imports it, which fails where its compiled operators do not load


def thop(network: nn.Module, args: tuple[Any, ...]) -> int:
    from thop import profile

    return int(profile(network, args, verbose=False)[0])


def fvcore(network: nn.Module, args: tuple[Any, ...]) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(network, args).total())


class ByName(nn.Module):
    """ptflops hands over one value, or values by name."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *, args: tuple[Any, ...]) -> Any:
        return self.network(*args)


def ptflops(network: nn.Module, args: tuple[Any, ...]) -> int:
    from ptflops import get_model_complexity_info

    one = len(args) == 1
    macs, _ = get_model_complexity_info(
        network if one else ByName(network),
        (1,),
        print_per_layer_stat=False,
        as_strings=False,
        input_constructor=lambda _: args[0] if one else {"args": args},
        backend="pytorch",
    )
    if macs is None:
        raise RuntimeError("ptflops gives no count")
    return int(macs)


def torchinfo(network: nn.Module, args: tuple[Any, ...]) -> int:
    from torchinfo import summary

    return int(summary(network, input_data=args, verbose=0).total_mult_adds)


def flopcounter(network: nn.Module, args: tuple[Any, ...]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*args)
    return int(counter.get_total_flops()) // 2


TOOLS: dict[str, Callable[[nn.Module, tuple[Any, ...]], int]] = {
    "thop": thop,
    "fvcore": fvcore,
    "ptflops": ptflops,
    "torchinfo": torchinfo,
    "flopcounter": flopcounter,
}


def on(device: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments on a device."""
    return pytree.tree_map_only(Tensor, lambda tensor: tensor.to(device), args)


def ours(network: nn.Module, args: tuple[Any, ...]) -> dict[str, int]:
    """What lightbench says that each tool counts."""
    costs = count_costs(network, lambda device: (on(device, args), {}), calls=True)
    return {tool: convert(costs, tool).total for tool in TOOLS}


def theirs(tool: str, network: nn.Module, args: tuple[Any, ...]) -> int | str:
    """What a tool counts of a copy, or why it does not."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            return TOOLS[tool](copied(network).eval(), args)
    except Exception as error:  # noqa: BLE001  a tool's failure is its answer
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:80]}"
    finally:
        logging.disable(level)
