"""A network as PyTorch exports it (``torch.export``): one graph from its tensors to its answers, for what compiles that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from lightbench.errors import LightbenchError, ModelError
from lightbench.records.arguments import map_tensors, tensors_in
from lightbench.records.failure import explain_plainly


class OfTensors(nn.Module):
    """A network as a function of its tensors alone, in the order of the arguments; whatever else it is given is part
    of it. It answers with a tuple of tensors."""

    def __init__(
        self, network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.network = network
        self.given = (tuple(inputs), dict(keywords))

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        rest = iter(tensors)
        inputs, keywords = map_tensors(lambda _: next(rest), self.given)
        return tuple(tensors_in(self.network(*inputs, **keywords)))


def export(
    network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]
) -> ExportedProgram:
    """The network in eval mode, for inputs of these shapes: its user inputs are the tensors in order. Raises
    ModelError for one that cannot be exported."""
    name = type(network).__name__
    try:
        whole = OfTensors(network, inputs, keywords).eval()
        with torch.no_grad():
            return torch.export.export(whole, tuple(tensors_in((inputs, keywords))), strict=False)
    except Exception as error:
        raise refused(f"{name} cannot be exported", error) from error


def path_of(node: fx.Node) -> str:
    """Of the module that calls it, as the network names it; "" is the network itself."""
    modules = node.meta.get("nn_module_stack") or {}
    path, _ = [*modules.values()][-1] if modules else ("", None)
    return str(path).removeprefix("network").lstrip(".")


def refused(what: str, error: Exception) -> LightbenchError:
    """Why a network cannot be run so, with the next step; ``what`` failed: "Net cannot be exported"."""
    reason = explain_plainly(what, error)
    if type(reason) is ModelError and not reason.hint:
        return ModelError(reason.message, "Try --engine eager.")
    return reason
