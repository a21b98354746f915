"""Borrow a user's network for a pass in evaluation mode, and give it back as it was.

For the duration every module is as ``network.eval()`` makes it and reports where it is. What comes
back, after an exception too: modes, attributes, containers and objects that modules hold, values of
parameters and buffers, the inputs, random numbers. Passes of one network may overlap.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registration

from lightbench.costs import surroundings
from lightbench.costs.calls import Seen, by_call, see, watched
from lightbench.costs.loans import Loan, give_back, lend
from lightbench.costs.mode import Mode
from lightbench.costs.reach import globals_of, shared_by
from lightbench.costs.scripts import constants_of, is_frozen, scripts_among, without
from lightbench.costs.writes import written
from lightbench.records.failure import explain_plainly
from lightbench.units import unicode


class Where(NamedTuple):
    """The module call that an operator belongs to."""

    path: str  # "" is the network itself
    call: int  # 0 is the module's first call
    module: str  # its class


def unwrap(network: nn.Module) -> nn.Module:
    """The eager module behind ``torch.compile``: running a compiled one under a dispatch mode would
    switch its compilation off for the rest of the process."""
    return getattr(network, "_orig_mod", network)


Named = list[tuple[str, nn.Module]]


class Parts(NamedTuple):
    """What a network is made of, from one walk over it: shared modules and tensors once."""

    modules: Named  # with their first path
    parameters: list[Tensor]
    buffers: list[Tensor]


def parts_of(network: nn.Module) -> Parts:
    """``named_modules``, ``parameters`` and ``buffers`` each walk the network anew: this does once."""
    modules = _walk(network, "", set(), [])
    parameters, buffers = (
        {id(t): t for _, m in modules for t in getattr(m, name).values() if t is not None}
        for name in ("_parameters", "_buffers")
    )
    for module in scripts_among([module for _, module in modules]):
        if is_frozen(module):
            parameters |= {id(t): t for t in constants_of(module)}
    return Parts(modules, list(parameters.values()), list(buffers.values()))


def _walk(module: nn.Module, path: str, seen: set[int], found: Named) -> Named:
    """``named_modules`` without a generator in a generator for each level."""
    seen.add(id(module))
    found.append((path, module))
    prefix = f"{path}." if path else ""
    for name, child in module._modules.items():
        if child is not None and id(child) not in seen:
            _walk(child, prefix + name, seen, found)
    return found


class Place:
    """A pass over a network that was lent: ``now`` is the module call in progress, ``parts`` what
    the network is made of in evaluation mode and, after the pass, with what was made in it."""

    def __init__(self, parts: Parts, loans: list[Loan], *, calls: bool) -> None:
        self.notes_calls = calls  # of modules that tools count, and of functions
        self.parts = Parts(parts.modules, [*parts.parameters], [*parts.buffers])
        self.now = Where("", 0, type(parts.modules[0][1]).__name__)
        self.seen: list[Seen] = []
        self.weights: set[int] = set()  # storages of what counts as weights, filled by the tracer
        self._loans = loans
        # id of a module -> its path, calls, class and, if its calls are noted, itself
        self._calls: dict[int, list[Any]] = {}

    def know(self, modules: Named) -> None:
        """Modules whose calls are to be reported."""
        self._calls = {
            id(module): [
                path if path.isascii() else unicode(path),
                0,
                type(module).__name__,
                module if self.notes_calls and watched(module, path) else None,
            ]
            for path, module in modules
        }

    def call(self, key: int, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run the ``forward`` of a module: what runs meanwhile belongs to it."""
        known = self._calls.get(key)
        if known is None:
            return forward(*args, **kwargs)
        outer = self.now
        path, calls, kind, noted = known
        self.now = Where(path, calls, kind)
        known[1] += 1
        try:
            out = forward(*args, **kwargs)
        finally:
            self.now = outer
        if noted is not None and by_call(sys._getframe(2)):
            self.seen.append(see(path, noted, args, kwargs, out))
        return out

    def before(self, operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep the values that an operator is about to overwrite, if they were lent."""
        keep(self._loans, operator, args, kwargs)

    def made(self, module: nn.Module, name: str, tensor: Tensor | None) -> None:
        """A module that is made during the pass has parameters and buffers too; one that takes
        another's place is none more."""
        if _here.place is not self or tensor is None:
            return
        for known, of in (
            (self.parts.parameters, module._parameters),
            (self.parts.buffers, module._buffers),
        ):
            is_kind = isinstance(tensor, nn.Parameter) == (known is self.parts.parameters)
            if is_kind and of.get(name) is None and all(tensor is not k for k in known):
                known.append(tensor)
                self.weights.add(tensor.untyped_storage()._cdata)


def keep(loans: list[Loan], operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Keep the values that an operator is about to overwrite, if they were lent."""
    for tensor in written(operator, args, kwargs):
        for loan in loans:
            loan.keep(tensor)


class _Here(threading.local):
    """The pass of this thread: another one may run the same modules."""

    place: Place | None = None


_here = _Here()


@contextmanager
def borrowed(parts: Parts, inputs: Any = (), *, calls: bool = False) -> Iterator[Place]:
    """Lend a network, and the inputs that it will be called with. Raises ModelError if ``eval()``
    fails."""
    modules = [module for _, module in parts.modules]
    with ExitStack() as back:
        back.enter_context(surroundings.kept())
        loans = lend(modules, (inputs, *_shared(modules)))
        back.callback(give_back, loans)
        place = Place(parts, loans, calls=calls)
        if not _evaluate_plainly(modules) and _evaluate(modules[0], loans):
            place.parts = parts_of(modules[0])
            back.callback(give_back, lend([module for _, module in place.parts.modules]))
        else:
            _set_flags(modules)
        place.know(place.parts.modules)
        _track([module for _, module in place.parts.modules])
        for register in (
            registration.register_module_parameter_registration_hook,
            registration.register_module_buffer_registration_hook,
        ):
            back.callback(register(place.made).remove)
        back.callback(setattr, _here, "place", _here.place)
        _here.place = place
        yield place


@contextmanager
def lent(inputs: Any) -> Iterator[None]:
    """Lend inputs alone, for a call that nobody traces."""
    with ExitStack() as back:
        back.enter_context(surroundings.kept())
        loans = lend((), (inputs,))
        back.callback(give_back, loans)
        with _Keeping(loans):
            yield


def _shared(modules: Iterable[nn.Module]) -> list[Any]:
    """What is not held by the modules, but by their classes, files and the files of hooks."""
    found = [value for kind in set(map(type, modules)) for value in shared_by(kind)]
    for own in map(vars, modules):
        if "forward" in own:
            found += globals_of(own["forward"])
        for name in ("_forward_hooks", "_forward_pre_hooks"):
            if hooks := own.get(name):
                for hook in list(hooks.values()):
                    found += globals_of(hook)
    return found


# Evaluation mode.


def _evaluate_plainly(modules: Iterable[Any]) -> bool:
    """Does ``eval()`` do to all of them what PyTorch's own does, which is to set a flag?"""
    return all(map(_has_plain_mode, set(map(type, modules)))) and not any(
        "train" in own or "eval" in own for own in map(vars, modules)
    )


@cache
def _has_plain_mode(kind: Any) -> bool:
    scripted = issubclass(kind, torch.jit.ScriptModule)
    return (
        kind.train is nn.Module.train
        and kind.eval is nn.Module.eval
        and (scripted or kind.__setattr__ is nn.Module.__setattr__)
        and (scripted or not hasattr(kind, "training"))
    )


def _evaluate(network: nn.Module, loans: list[Loan]) -> bool:
    """Put it into evaluation mode as its own code does; False if it has none, as an exported one."""
    try:
        with _Keeping(loans):
            network.eval()
    except NotImplementedError:
        return False
    except Exception as error:
        raise explain_plainly(f"{type(network).__name__}.eval() failed", error) from error
    return True


class _Keeping(Mode):  # type: ignore[no-untyped-call]
    """Keeps the values of what is overwritten outside of a trace."""

    def __init__(self, loans: list[Loan]) -> None:
        super().__init__()
        self._loans = loans

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        del types
        keep(self._loans, func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def _set_flags(modules: Sequence[nn.Module]) -> None:
    scripts = scripts_among(modules)
    for module in scripts:
        if not is_frozen(module):
            module.training = False
    for module in without(scripts, modules):
        module.__dict__["training"] = False


# Where a pass is.


class _Tracked:
    """Stands for a module's ``forward`` and looks like it to those who inspect it."""

    __slots__ = ("__wrapped__", "_key")

    def __init__(self, forward: Callable[..., Any], module: nn.Module) -> None:
        self.__wrapped__ = forward
        self._key = id(module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        place = _here.place
        if place is None:
            return self.__wrapped__(*args, **kwargs)
        return place.call(self._key, self.__wrapped__, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    __class__ = property(lambda self: type(self.__wrapped__))
    __doc__ = property(lambda self: self.__wrapped__.__doc__)
    __module__ = property(lambda self: self.__wrapped__.__module__)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == getattr(other, "__wrapped__", other))

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return _itself, (self.__wrapped__,)


def _itself(forward: Any) -> Any:
    """A copy of a module that was lent has its own ``forward``."""
    return forward


def _track(modules: Sequence[nn.Module]) -> None:
    for module in without(scripts_among(modules), modules):
        own = module.__dict__
        if type(own.get("forward")) is not _Tracked:
            compiled = own["_modules"].get("_orig_mod")  # its module runs instead
            forward = module.forward if compiled is None else compiled.__call__
            own["forward"] = _Tracked(forward, module)
            own["_compiled_call_impl"] = None
