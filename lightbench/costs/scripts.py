"""What is special about TorchScript: frozen weights, kernels that nobody can see, optimisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.errors import ModelError


def is_script(module: nn.Module) -> bool:
    """Was it made by ``torch.jit``? Then its code and what it holds are not in Python."""
    return isinstance(module, torch.jit.ScriptModule)


def scripts_among(modules: Sequence[nn.Module]) -> list[nn.Module]:
    """Those that ``is_script`` says yes to; each class is asked once."""
    kinds = {kind for kind in set(map(type, modules)) if issubclass(kind, torch.jit.ScriptModule)}
    return [module for module in modules if type(module) in kinds] if kinds else []


def without(scripts: Sequence[nn.Module], modules: Sequence[nn.Module]) -> Sequence[nn.Module]:
    """The modules that are none of these."""
    left_out = set(map(id, scripts))
    return [module for module in modules if id(module) not in left_out] if scripts else modules


def is_frozen(module: nn.Module) -> bool:
    """``torch.jit.freeze`` leaves neither parameters nor a mode."""
    return is_script(module) and not hasattr(module, "training")


def constants_of(frozen: Any) -> list[Tensor]:
    """The weights of a frozen script, which are constants of its code."""
    graph = frozen.inlined_graph  # as long as it is held, its nodes are
    nodes = [node for node in graph.findAllNodes("prim::Constant") if node.hasAttribute("value")]
    return [node.t("value") for node in nodes if node.kindOf("value") == "t"]


def check_visible(modules: Iterable[Any]) -> None:
    """Raises ModelError for a script whose convolutions run in kernels that no counter can see."""
    for module in modules:
        if is_frozen(module) and "prim::mkldnn" in str(module.inlined_graph):
            raise ModelError(
                "torch.jit.optimize_for_inference has replaced operators by kernels that cannot be seen.",
                "Count the network that it was made from.",
            )


def as_written() -> AbstractContextManager[None]:
    """Run scripts without the passes that otherwise optimise them, with operators of their own, at
    their first calls."""
    written: AbstractContextManager[None] = torch.jit.optimized_execution(False)  # type: ignore[attr-defined]
    return written
