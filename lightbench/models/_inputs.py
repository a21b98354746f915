"""Inputs for a network: random but realistic, never zeros, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightbench.records import InputSpec

# Token ids stay below this, so that they fit into any embedding.
SMALLEST_VOCABULARY = 10
_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


def make_inputs(
    specs: Sequence[InputSpec],
    *,
    batch: int,
    dtype: str = "float32",
    layout: str = "contiguous",
    device: str = "cpu",
    seed: int = 0,
) -> tuple[Tensor, ...]:
    """One tensor (batch, *shape) per spec: normally distributed, or small whole numbers."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for spec in specs:
        shape = (batch, *spec.shape)
        kind = getattr(torch, spec.dtype or dtype)
        if device == "meta":
            x = torch.empty(shape, dtype=kind, device="meta")
        elif kind.is_floating_point:
            x = torch.randn(shape, generator=generator).to(kind).to(device)
        else:
            x = torch.randint(SMALLEST_VOCABULARY, shape, generator=generator).to(kind).to(device)
        if layout == "channels_last" and x.dim() in _LAYOUTS:
            x = x.contiguous(memory_format=_LAYOUTS[x.dim()])
        made.append(x)
    return tuple(made)


def settle_norms(network: nn.Module, inputs: Sequence[Tensor]) -> None:
    """Give a freshly initialised network the activations of a trained one.

    With untouched running statistics the signal of a deep network dies out layer by layer, down to
    denormal numbers that processors are slow with. One pass in training mode sets the
    statistics; where the network does not allow it, they stay.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    if not norms:
        return
    modes = [(module, module.training) for module in network.modules()]
    momenta = [(norm, norm.momentum) for norm in norms]
    try:
        network.eval()
        for norm in norms:
            norm.training, norm.momentum = True, 1.0
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            network(*(torch.cat((x, x.flip(-1))) for x in inputs))
    except (RuntimeError, ValueError):
        for norm in norms:
            norm.reset_running_stats()
    finally:
        for module, training in modes:
            module.training = training
        for norm, momentum in momenta:
            norm.momentum = momentum
