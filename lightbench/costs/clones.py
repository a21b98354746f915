"""Copies of networks, also of those that ``copy.deepcopy`` alone refuses."""

from __future__ import annotations

import copy

from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy


def copied(network: nn.Module) -> nn.Module:
    """A deep copy. Buffers of lazy modules are made anew; of tensors that were computed, as a weight
    by ``weight_norm``, the values are copied."""
    anew: dict[int, Tensor] = {}
    for module in network.modules():
        for value in (*module._buffers.values(), *vars(module).values()):
            if is_lazy(value):
                anew[id(value)] = UninitializedBuffer(device=value.device, dtype=value.dtype)  # type: ignore[call-arg]
            elif isinstance(value, Tensor) and not value.is_leaf:
                anew[id(value)] = value.detach().clone()
    return copy.deepcopy(network, anew)
