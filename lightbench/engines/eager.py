"""PyTorch as written, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench.engines import NO_KEYWORDS, Program
from lightbench.errors import ModelError
from lightbench.records import Mode


def prepare(
    network: nn.Module,
    inputs: Sequence[Any],
    keywords: Mapping[str, Any] = NO_KEYWORDS,
    *,
    mode: Mode,
) -> Program:
    """``infer``: one forward pass. ``train``: forward, backward and an SGD step with momentum.
    Changes ``network``. Raises ModelError if there is nothing to train."""
    if mode == "infer":
        call = partial(network.eval(), *inputs, **keywords)
        return Program(call, torch.inference_mode, torch.no_grad)
    return Program(_training_step(network.train(), inputs, keywords), nullcontext)


def _training_step(
    network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]
) -> Callable[[], Any]:
    trained = [p for p in network.parameters() if p.requires_grad]
    if not trained:
        raise ModelError(
            f"{type(network).__name__} has no parameter to train.", "Try --mode infer."
        )
    # So small a rate that the weights stay what they are, however many steps are timed.
    optimizer = torch.optim.SGD(trained, lr=1e-9, momentum=0.9)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        outputs = pytree.tree_leaves(network(*inputs, **keywords))
        losses = [x.float().square().mean() for x in outputs if _has_gradient(x)]
        if not losses:
            raise ModelError(
                f"no output of {type(network).__name__} has a gradient, so it cannot be trained.",
                "Try --mode infer.",
            )
        loss: Any = sum(losses)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _has_gradient(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad
