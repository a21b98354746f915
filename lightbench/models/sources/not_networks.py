"""What people hand over instead of a network, and what they then do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightbench import units
from lightbench.errors import UsageError
from lightbench.graphs.support.cells import is_cell

_PARTS = ("model", "module", "network", "net")  # where trainers, pipelines and wrappers keep theirs


def not_a_network(model: Any) -> UsageError:
    """What to raise for something that is neither a name nor a module."""
    for fits, what, hint in _ROWS:
        if fits(model):
            return UsageError(
                f"a model is a name or a torch.nn.Module, got {what(model)}.", hint(model)
            )
    return UsageError(f"a model is a name or a torch.nn.Module, got {_short(model)}.")


def _short(value: Any) -> str:
    return units.told(value)


def _is_weights(model: Any) -> bool:
    return (
        isinstance(model, Mapping)
        and bool(model)
        and all(isinstance(v, Tensor) for v in model.values())
    )


def _from(package: str) -> Callable[[Any], bool]:
    return lambda model: type(model).__module__.partition(".")[0] == package


def _part(model: Any) -> str | None:
    held = getattr(model, "__dict__", {})
    return next((name for name in _PARTS if isinstance(held.get(name), nn.Module)), None)


def _name(model: Any) -> str:
    return str(getattr(model, "__name__", type(model).__name__))


# Which things, what they are called, and the next step.
_ROWS: tuple[tuple[Callable[[Any], bool], Callable[[Any], str], Callable[[Any], str]], ...] = (
    (
        lambda m: isinstance(m, type),
        lambda m: f"the class {_name(m)}",
        lambda m: f"Build it first: {_name(m)}()." if issubclass(m, nn.Module) else "",
    ),
    (
        lambda m: isinstance(m, torch.export.ExportedProgram),
        lambda _: "an ExportedProgram",
        lambda _: "Give the module that it makes: program.module().",
    ),
    (
        lambda m: isinstance(m, Tensor),
        lambda m: f"a tensor of shape {tuple(m.shape)}",
        lambda _: "The network comes first, its inputs are args=(tensor,).",
    ),
    (
        _is_weights,
        lambda m: f"a dictionary of {len(m)} tensors",
        lambda _: "Weights have no code: build the network, then network.load_state_dict(weights).",
    ),
    (
        lambda m: isinstance(m, Path),
        lambda m: f"the path {str(m)!r}",
        lambda _: 'A network in a file is named as text: "path/file.py:Class".',
    ),
    (
        is_cell,
        lambda m: f"a {_name(m)}, a Cell of MindSpore's",
        lambda _: 'A Cell is named by its file, as text: "path/file.py:Net".',
    ),
    (
        _from("onnx"),
        lambda m: f"an ONNX {_name(m)}",
        lambda _: "Give the PyTorch network that it was exported from.",
    ),
    (
        lambda m: isinstance(m, (list, tuple)) and all(isinstance(x, nn.Module) for x in m),
        lambda m: f"a {_name(m)} of {len(m)} modules",
        lambda _: "One network of them is torch.nn.Sequential(*modules).",
    ),
    (
        lambda m: _part(m) is not None,
        lambda m: f"a {_name(m)}",
        lambda m: f"Its network is .{_part(m)}: give that.",
    ),
    (
        callable,
        lambda m: f"the function {_name(m)}",
        lambda _: "Let the forward of a torch.nn.Module call it.",
    ),
)
