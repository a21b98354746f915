"""PyTorch's optimisers, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from lightbench.errors import UsageError
from lightbench.studies.train.arguments import Named, read

KNOWN: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
OWN = ("params", "lr")
# What those who train small networks on CIFAR use, for batches of 128; others are PyTorch's own.
USUAL: dict[str, dict[str, Any]] = {
    "sgd": {"momentum": 0.9, "weight_decay": 5e-4},
    "adam": {},
    "adamw": {"weight_decay": 0.05},
}
LR = {"sgd": 0.1, "adam": 1e-3, "adamw": 1e-3}


def named(text: str) -> Named:
    """Raises UnknownName, UsageError."""
    return read(text, "optimizer", KNOWN, OWN)


def make(text: str, network: nn.Module, lr: float | None) -> Optimizer:
    """Of all weights that are trained. Raises UsageError for values that PyTorch refuses, and for a network without
    weights."""
    chosen = named(text)
    trained = [p for p in network.parameters() if p.requires_grad]
    if not trained:
        raise UsageError("the network has no weights that could be trained.")
    arguments = USUAL[chosen.name] | chosen.arguments
    try:
        return KNOWN[chosen.name](trained, lr=LR[chosen.name] if lr is None else lr, **arguments)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"{chosen.name} refuses its arguments: {str(error).rstrip('.')}."
        ) from error
