"""The points of the guideline experiments, and what is counted of them."""

from __future__ import annotations

from functools import cache

import torch

from lightbench import registry
from lightbench.costs.count import count_costs
from lightbench.models import sources

G1, G2, G3, G4 = "g1_channel_ratio", "g2_group_count", "g3_fragmentation", "g4_elementwise"
WIDTHS = (1, 2, 4)
HW = 56 * 56


@cache
def guideline(name):
    return registry.load("guideline", name)


SETS = [(n, s) for n in registry.names("guideline") for s in guideline(n).CHANNELS]
SWEEPS = [(name, set_, width) for name, set_ in SETS for width in WIDTHS]


@cache
def costs(model, batch=1, size=None):
    """What `count` says of a stack: never what the guideline says of itself."""
    source = sources.find(model)
    shape = (batch, source.inputs[0].shape[0], *(size or source.inputs[0].shape[1:]))
    with torch.device("meta"):
        network = source.build()
    return count_costs(network, lambda device: ((torch.empty(shape, device=device),), {}))


def counted(point):
    return costs(point.model, size=point.size)


def points(name, set_="aligned", width=1, **options):
    """Row -> point of one sweep."""
    return {p.label: p for p in guideline(name).sweep(set_, width, **options).points}
