"""What a network is after it was timed: does a later call do what the first one did, which was counted?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench import units
from lightbench.costs.count import MakeInputs, count_costs
from lightbench.devices import Device
from lightbench.devices.cpu import FLUSH
from lightbench.devices.support import denormals
from lightbench.errors import LightbenchError
from lightbench.records import Case, Costs, Samples
from lightbench.records.case import TRANSFERS
from lightbench.runner.answer import NOT_FINITE
from lightbench.runner.first_run import FirstRun
from lightbench.runner.watch import Watch
from lightbench.stats.median import median
from lightbench.timing.clock import Step


class First(NamedTuple):
    """A network as it was when it was ready to be timed; ``given`` are the arguments that it is called
    with, and ``inputs`` makes new ones."""

    case: Case
    device: Device
    network: nn.Module
    given: Any
    inputs: MakeInputs
    costs: Costs
    step: Step
    watch: Watch
    look: FirstRun
    held_bytes: int

    @property
    def reads(self) -> bool:
        """Does a call begin with the values that ``given`` has, and give what they make of it?"""
        anew = self.look.overwritten or TRANSFERS in self.case.options
        return self.case.mode == "infer" and not anew


def remarks(first: First, samples: Samples) -> Iterator[str]:
    """What a reader must know of its later calls, a sentence each. Calls it once more, at the least;
    on the meta device, where nothing runs, there is nothing to say."""
    if first.device.torch_device == "meta":
        return
    yield from _changing(first, samples)
    if first.device.torch_device == "cpu" and FLUSH not in first.case.options:
        yield from _slowed(first, samples)


def held_bytes(network: nn.Module) -> int:
    """What it holds in tensors: weights, and whatever ``forward`` has put into attributes."""
    tensors = {
        id(leaf): leaf
        for module in network.modules()
        for leaf in pytree.tree_leaves(list(vars(module).values()))
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided
    }
    return sum(tensor.nbytes for tensor in tensors.values())


def _changing(first: First, samples: Samples) -> Iterator[str]:
    before, held = _count(first), held_bytes(first.network)
    finite = first.watch.call().finite
    after, grown = _count(first), held_bytes(first.network) - held
    if first.look.answer.finite and not finite:
        yield f"{NOT_FINITE} after the timing, and had none after the first call: its values grow from call to call."
    if before and after and _work(after) != _work(before):
        yield _growing(first.costs, after, samples)
    elif after and after.madds != first.costs.madds:
        yield (
            f"the first call does {units.exact(first.costs.madds)} multiply-adds, which is the count,"
            f" and later ones {units.exact(after.madds)}."
        )
    if grown > 0 and held > first.held_bytes:
        yield (
            f"its memory grows from call to call: it holds {units.size(held)} after the timing, and"
            f" {units.size(first.held_bytes)} before."
        )


def _growing(first: Costs, last: Costs, samples: Samples) -> str:
    by = _slower(samples)
    times = f", and takes {units.factor(by)} as long" if by else ""
    does, then = f"does {units.exact(first.madds)} multiply-adds", units.exact(last.madds)
    if first.madds == last.madds:
        does, then = f"moves {units.size(first.mem_bytes)}", units.size(last.mem_bytes)
    return (
        f"its work changes from call to call: the first call {does}, which is the count, and one after"
        f" the timing {then}{times}."
    )


def _slower(samples: Samples) -> float | None:
    """The last tenth of its calls beside the first tenth, where that is a difference."""
    times = samples.times_s
    tenth = math.ceil(len(times) / 10)
    by = median(times[-tenth:]) / median(times[:tenth]) if times else 1.0
    return by if by > 1.1 else None


def _count(first: First) -> Costs | None:
    """Of one more call; None where that cannot be said."""
    if first.case.engine != "eager":
        return None
    try:
        return count_costs(first.network, first.inputs)
    except LightbenchError:
        return None


def _work(costs: Costs) -> tuple[int, int]:
    return costs.madds, costs.mem_bytes


def _slowed(first: First, samples: Samples) -> Iterator[str]:
    """What denormal numbers cost, of weights or of what flows between layers."""
    share = denormals.share(first.network.parameters())
    odd = share >= denormals.ODD
    short = bool(samples.times_s) and median(samples.times_s) <= denormals.LONG_S
    cost = denormals.cost(first.step) if odd or short else None
    which = f"its weights are to {units.percent(share)} denormal numbers"
    if cost and cost.slower:
        yield (
            f"{which if odd else 'it works on denormal numbers'}, which is why it is"
            f" {units.factor(cost.slower)} times slower: with --flush-denormal a call takes"
            f" {units.seconds(cost.without_s)} instead of {units.seconds(cost.with_s)}."
        )
    elif odd:
        yield (
            f"{which}: processors may be many times slower with them. --flush-denormal takes them for"
            " zero."
        )
