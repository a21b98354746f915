"""Inputs for a network: random but realistic, never zeros, the same for the same seed."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightbench.errors import OutOfMemory
from lightbench.records import InputSpec
from lightbench.units import shape as size_text

# Token ids stay below this, so that they fit into any embedding.
SMALLEST_VOCABULARY = 10
SETTLING_IMAGES = 8
_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


def specs_of(inputs: str | Sequence[str] | None) -> tuple[InputSpec, ...] | None:
    """Shapes as typed, "3x224x224" or several -> specs; None for none. Raises UsageError."""
    texts = [inputs] if isinstance(inputs, str) else inputs
    return tuple(map(InputSpec.parse, texts)) if texts else None


def make_inputs(
    specs: Sequence[InputSpec],
    *,
    batch: int,
    dtype: str = "float32",
    layout: str = "contiguous",
    device: str = "cpu",
    seed: int = 0,
) -> tuple[Tensor, ...]:
    """One tensor (batch, *shape) per spec: normally distributed, or small whole numbers. Raises
    OutOfMemory if that is more than any machine can address."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for spec in specs:
        shape = (batch, *spec.shape)
        kind = getattr(torch, spec.dtype or dtype)
        if math.prod(shape) * kind.itemsize > sys.maxsize:
            raise OutOfMemory(
                f"out of memory: no machine holds an input of {size_text(shape)}.",
                "Try a smaller --batch or --input.",
            )
        if device == "meta":
            x = torch.empty(shape, dtype=kind, device="meta")
        elif kind.is_floating_point:
            x = torch.randn(shape, generator=generator).to(kind).to(device)
        else:
            x = torch.randint(SMALLEST_VOCABULARY, shape, generator=generator).to(kind).to(device)
        made.append(lay_out(x, layout))
    return tuple(made)


def lay_out(x: Tensor, layout: str) -> Tensor:
    """``x`` as NHWC if the layout is channels_last and it is an image or a video."""
    if layout == "channels_last" and x.dim() in _LAYOUTS:
        return x.contiguous(memory_format=_LAYOUTS[x.dim()])
    return x


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
            some = [x[:SETTLING_IMAGES] for x in inputs]
            network(*(torch.cat((x, x.flip(-1))) for x in some))
    except Exception:  # noqa: BLE001  what is wrong with it is said when it is run to be timed
        for norm in norms:
            norm.reset_running_stats()
    finally:
        for module, training in modes:
            module.training = training
        for norm, momentum in momenta:
            norm.momentum = momentum
