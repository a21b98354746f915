"""Borrow a user's network for a count and give it back as it was, after an exception too.

For the duration every module is in evaluation mode and reports where it is. What comes back:
training flags, attributes and containers set in ``forward``, values of buffers, random numbers.
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

from lightbench.units import unicode

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


class Parts(NamedTuple):
    """What a network is made of, from one walk over it: shared modules and tensors once."""

    modules: list[tuple[str, nn.Module]]  # with their first path
    parameters: list[Tensor]
    buffers: list[Tensor]


def parts_of(network: nn.Module) -> Parts:
    """``named_modules``, ``parameters`` and ``buffers`` each walk the network anew: this does once."""
    modules = list(network.named_modules())
    parameters, buffers = (
        {id(t): t for _, m in modules for t in getattr(m, name).values() if t is not None}
        for name in ("_parameters", "_buffers")
    )
    return Parts(modules, list(parameters.values()), list(buffers.values()))


@contextmanager
def borrowed(parts: Parts, *, values: bool) -> Iterator[Place]:
    """Lend a network; gives the place in it. With ``values`` the pass will run on real tensors, so
    that buffers may change; without, nothing that a module holds is written to."""
    place = Place(parts.modules[0][1])
    with ExitStack() as back:
        back.enter_context(torch.random.fork_rng(devices=[]))
        back.callback(random.setstate, random.getstate())
        fast_path = torch.backends.mha.get_fastpath_enabled()
        back.callback(torch.backends.mha.set_fastpath_enabled, fast_path)
        torch.backends.mha.set_fastpath_enabled(False)  # it hides its matrix products
        if "torch._dynamo" in sys.modules:  # compiled functions inside the network run as written
            back.enter_context(torch.compiler.set_stance("force_eager"))
        if values:
            for buffer in parts.buffers:
                back.callback(_undo, buffer, buffer._version, buffer.clone())
        taken: list[_Taken] = []
        back.callback(_give_back, taken)
        for path, module in parts.modules:
            if isinstance(module, torch.jit.ScriptModule):
                back.callback(setattr, module, "training", module.training)
                module.training = False
                continue
            taken.append(_take(module))
            compiled = module._modules.get("_orig_mod")  # its module runs instead
            forward = module.forward if compiled is None else compiled.__call__
            module.__dict__.update(
                training=False,
                forward=_tracked(place, unicode(path), type(module).__name__, forward),
                _compiled_call_impl=None,
            )
        yield place


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


class _Taken(NamedTuple):
    """A module as it was: its attributes, and the containers among them with their content."""

    module: nn.Module
    attributes: dict[str, Any]
    empty: list[Any]
    filled: list[tuple[Any, Any]]


def _take(module: nn.Module) -> _Taken:
    attributes = module.__dict__.copy()
    containers = [value for value in attributes.values() if type(value) in _CONTAINERS]
    filled = [(value, value.copy()) for value in containers if value]
    return _Taken(module, attributes, [value for value in containers if not value], filled)


def _give_back(taken: list[_Taken]) -> None:
    for module, attributes, empty, filled in taken:
        module.__dict__.clear()
        module.__dict__.update(attributes)
        for container in empty:
            if container:
                container.clear()
        for container, content in filled:
            container.clear()
            (container.extend if type(container) is list else container.update)(content)


def _undo(tensor: Tensor, version: int, values: Tensor) -> None:
    if tensor._version != version:
        with torch.no_grad():
            tensor.copy_(values)
