"""A network from what a module defines: its class, factory or object, called as the user typed it."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lightbench.errors import NotThere, UsageError, nearest
from lightbench.models.sources.calls import Call, resolved
from lightbench.models.sources.source import made

if TYPE_CHECKING:
    from torch import nn

FACTORY = (
    "Arguments are literals, and names and calls of what the file has; for anything else write a"
    " function there that builds it: def make(): return Net(...)."
)


def build(module: ModuleType, call: Call, said: str, offer: str) -> nn.Module:
    """The network of ``call`` in ``module``, which is called ``said``; ``offer`` is what to write
    instead; a MindSpore Cell becomes a `CellNetwork`. Raises NotThere, UsageError, ModelError."""
    from torch import nn  # lists and help must not wait for it

    from lightbench.graphs.support.cells import CellNetwork, is_cell

    found = _found(module, call.name, said, offer)
    if isinstance(found, nn.Module):
        return found
    if is_cell(found):
        return CellNetwork(found)
    if not callable(found):
        raise UsageError(f"{call.name!r} in {said!r} is neither a class nor a function.", offer)
    network = _called(module, call, said, found)
    if is_cell(network):
        return CellNetwork(network)
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"{call.name} gives a {type(network).__name__}, not a torch.nn.Module.", offer
        )
    return network


def _found(module: ModuleType, name: str, said: str, offer: str) -> Any:
    """What a dotted name is in the module. Raises NotThere."""
    found: Any = module
    for part in name.split("."):
        inside = getattr(found, part, None)
        if inside is None:
            near = nearest(part, dir(found), most=2)
            where = said if found is module else name.partition(f".{part}")[0]
            raise NotThere(
                f"{where!r} has no {part!r}.",
                f"Did you mean {' or '.join(near)}?" if near else offer,
            )
        found = inside
    return found


def _called(module: ModuleType, call: Call, said: str, function: Any) -> Any:
    """Raises UsageError for what is no code of the file's, or does not take the arguments."""
    _check_own(module, call.name, function, said)

    def argument(value: Any) -> Any:
        return resolved(value, lambda name: _name(module, name, said), inner)

    def inner(one: Call) -> Any:
        return _called(module, one, said, _name(module, one.name, said))

    args = [argument(value) for value in call.args]
    kwargs = {name: argument(value) for name, value in call.kwargs.items()}
    _check_fits(call.name, function, args, kwargs, said)
    return made(f"{call.name} cannot be built", function, *args, **kwargs)


def _name(module: ModuleType, name: str, said: str) -> Any:
    """What a name among arguments stands for: something of the file, or of torch."""
    import torch

    first, _, rest = name.partition(".")
    found: Any = getattr(module, first, torch if first == "torch" else None)
    for part in filter(None, rest.split(".")):
        found = getattr(found, part, None)
    if found is None:
        raise UsageError(
            f"cannot read the model's argument {name}: {said!r} has no such name.",
            f"A text is in quotes, also for the shell: '\"{name}\"'. {FACTORY}",
        )
    return found


def _check_own(module: ModuleType, name: str, function: Any, said: str) -> None:
    """What a module that the file imports defines is not what the file is asked for, but for layers:
    os.remove is no network."""
    from torch import nn

    first = getattr(module, name.partition(".")[0], None)
    layer = isinstance(function, type) and issubclass(function, nn.Module)
    if not layer and (first is None or isinstance(first, ModuleType)):
        raise UsageError(
            f"cannot read the model: {name} is nothing that {said!r} defines.", FACTORY
        )


def _check_fits(
    name: str, function: Any, args: list[Any], kwargs: dict[str, Any], said: str
) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        needed = ", ".join(
            f"{p.name}=..."
            for p in parameters
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        )
        raise UsageError(
            f"{name} cannot be built with these arguments: {error}.",
            f"Write {said}:{name}({needed}).",
        ) from error
    except ValueError:  # no signature to be had
        pass
