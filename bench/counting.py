"""Time of one count: lightbench beside its peers, on networks of torchvision with real weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from measure import Claim, clocked, estimate, ratio, verdict, with_interval
from peers import PEERS
from torch import nn

from lightbench import units
from lightbench.costs.count import count_costs
from lightbench.models.inputs import settle_norms
from lightbench.models.torchvision import import_torchvision
from lightbench.views.table import Column, Table

TITLE = "Time of one count"
# How many times lightbench's time even the fastest peer takes.
TARGETS = {
    "resnet50": 5,
    "mobilenet_v2": 2,
    "mobilenet_v3_large": 2,
    "mobilenet_v3_small": 2,
    "shufflenet_v2_x0_5": 2,
    "shufflenet_v2_x1_0": 2,
    "squeezenet1_1": 2,
    "mnasnet1_0": 2,
    "efficientnet_b0": 2,
    "googlenet": 1,
    "vit_b_16": 1,
    "swin_t": 1,
    "convnext_tiny": 1,
}
CASES = tuple(TARGETS)
BUILD = {"googlenet": {"aux_logits": False, "init_weights": False}}
SHAPE = (1, 3, 224, 224)

Times = Mapping[str, list[float]]  # counter -> seconds, round by round


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Every peer has its own copy of the network, so that what it leaves there disturbs nobody.

    The activations are those of a trained network: with denormal numbers the peers would be slow.
    """
    import_torchvision()
    from torchvision.models import get_model

    network, x = get_model(case, **BUILD.get(case, {})).eval(), torch.randn(SHAPE)
    settle_norms(network, (x,))
    calls: dict[str, Callable[[], Any]] = {"lightbench": partial(count, network, SHAPE)}
    calls |= {name: partial(peer, copy.deepcopy(network), x) for name, peer in PEERS.items()}
    return {name: clocked(call) for name, call in calls.items()}


def count(network: nn.Module, shape: tuple[int, ...]) -> Any:
    """One count by lightbench: all rows and all accounts of memory access."""
    return count_costs(network, lambda device: ((torch.empty(shape, device=device),), {}))


def claims(case: str, found: Times) -> list[Claim]:
    """Every peer takes at least as many times lightbench's time as the target says."""
    ours = found["lightbench"]
    return [
        Claim(f"{peer} / lightbench on {case}", ratio(ours, found[peer]), at_least=TARGETS[case])
        for peer in PEERS
    ]


def table(results: Mapping[str, Times]) -> Table:
    """One row a network: lightbench's time, and how many times as long each peer takes."""
    columns = (
        Column("network", "network", align="left"),
        Column("lightbench_s", "lightbench", with_interval(units.seconds)),
        *(Column(peer, f"{peer} (x)", with_interval(units.number)) for peer in PEERS),
        Column("target", "target (x)", units.number),
        Column("verdict", "verdict", "{}".format, align="left"),
    )
    rows = []
    for case, found in results.items():
        judged = claims(case, found)
        ours = estimate(found["lightbench"])
        rows.append((case, ours, *(c.found for c in judged), TARGETS[case], verdict(judged)))
    notes = (
        "x: median over rounds of the peer's time divided by lightbench's time in the same round.",
        "target: what even the fastest peer should take.",
    )
    return Table(TITLE, columns, tuple(rows), notes)
