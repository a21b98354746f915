"""Borrow a user's network for a count and give it back as it was, after an exception too.

For the duration every module is in evaluation mode, reports where it is, and (on meta) has
parameters and buffers without values, so that no weight is copied or read. What comes back:
parameters, buffers, training flags, attributes and containers set in ``forward``, random numbers.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

_CONTAINERS = frozenset((dict, OrderedDict, list, set))


class Where(NamedTuple):
    """The module call that an operator belongs to."""

    path: str  # "" is the network itself
    call: int  # 0 is the module's first call
    module: str  # its class


class Place:
    """The module call in progress; ``Where`` of the innermost one."""

    def __init__(self, network: nn.Module) -> None:
        self.now = Where("", 0, type(network).__name__)


def unwrap(network: nn.Module) -> nn.Module:
    """The eager module behind ``torch.compile``: running a compiled one under a dispatch mode would
    switch its compilation off for the rest of the process."""
    return getattr(network, "_orig_mod", network)


@contextmanager
def borrowed(network: nn.Module, *, meta: bool) -> Iterator[tuple[Place, set[int]]]:
    """Lend ``network``; gives the place in it, and the storages of all weights."""
    place = Place(network)
    with ExitStack() as back:
        back.enter_context(torch.random.fork_rng(devices=[]))
        back.callback(random.setstate, random.getstate())
        fast_path = torch.backends.mha.get_fastpath_enabled()
        back.callback(torch.backends.mha.set_fastpath_enabled, fast_path)
        torch.backends.mha.set_fastpath_enabled(False)  # it hides its matrix products
        if "torch._dynamo" in sys.modules:  # compiled functions inside the network run as written
            back.enter_context(torch.compiler.set_stance("force_eager"))
        taken: list[_Taken] = []
        back.callback(_give_back, taken)
        twins: dict[int, Tensor] = {}
        weights: set[int] = set()
        for path, module in network.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                back.callback(setattr, module, "training", module.training)
                module.training = False
                continue
            taken.append(_take(module))
            for tensors in (module._parameters, module._buffers):
                for name, tensor in tensors.items():
                    if tensor is None:
                        continue
                    if meta:
                        tensors[name] = tensor = _twin(tensor, twins)  # noqa: PLW2901
                    elif tensors is module._buffers:
                        back.callback(_undo, tensor, tensor._version, tensor.clone())
                    weights.add(storage_of(tensor))
            compiled = module._modules.get("_orig_mod")  # its module runs instead
            forward = module.forward if compiled is None else compiled.__call__
            module.__dict__.update(
                training=False,
                forward=_tracked(place, path, type(module).__name__, forward),
                _compiled_call_impl=None,
            )
        yield place, weights


def _tracked(place: Place, path: str, module: str, forward: Callable[..., Any]) -> Any:
    calls = 0

    def tracked(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        outer = place.now
        place.now = Where(path, calls, module)
        calls += 1
        try:
            return forward(*args, **kwargs)
        finally:
            place.now = outer

    return tracked


def storage_of(tensor: Tensor) -> int:
    """What two tensors have in common if one is a view of the other."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # sparse and nested tensors have no storage
        return id(tensor)


def _twin(tensor: Tensor, twins: dict[int, Tensor]) -> Tensor:
    """``tensor`` without values; shared tensors stay shared, and subclasses stay what they are."""
    if (
        tensor.is_meta
        or type(tensor) not in (Tensor, nn.Parameter)
        or tensor.layout != torch.strided
    ):
        return tensor
    twin = twins.get(id(tensor))
    if twin is None:
        twin = twins[id(tensor)] = torch.empty_strided(
            tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
        )
    return twin


class _Taken(NamedTuple):
    """A module as it was: its attributes, and the containers among them with their content."""

    module: nn.Module
    attributes: dict[str, Any]
    containers: list[tuple[Any, Any]]


def _take(module: nn.Module) -> _Taken:
    attributes = module.__dict__.copy()
    containers = [(v, v.copy()) for v in attributes.values() if type(v) in _CONTAINERS]
    return _Taken(module, attributes, containers)


def _give_back(taken: list[_Taken]) -> None:
    for module, attributes, containers in taken:
        module.__dict__.clear()
        module.__dict__.update(attributes)
        for container, content in containers:
            if container or content:
                container.clear()
                (container.extend if type(container) is list else container.update)(content)


def _undo(tensor: Tensor, version: int, values: Tensor) -> None:
    if tensor._version != version:
        with torch.no_grad():
            tensor.copy_(values)
