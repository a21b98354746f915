"""What an object holds: containers, attributes and tensors that can be reached from it.

Only memory is read: no property, ``__getattr__``, ``__eq__`` or iterator of the user's runs for it.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from functools import cache, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any
from weakref import ref

import torch

# What holds nothing that could change. Most values of a module are of these types.
ATOMS: frozenset[type] = frozenset(
    (
        *(int, float, complex, bool, str, bytes, type(None), type(...), range, slice, type),
        *(BuiltinFunctionType, CodeType, ModuleType),
        *(torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size),
    )
)
# Objects of these modules belong to the process or to a compiler, not to a network.
_NOT_STATE = frozenset(
    (
        *("asyncio", "concurrent", "ctypes", "importlib", "inspect", "io", "logging", "queue"),
        *("multiprocessing", "re", "socket", "subprocess", "sympy", "threading", "torch._C"),
        *("torch._dynamo", "torch._inductor", "torch._ops", "torch.export", "torch.fx"),
        "torch.jit",
    )
)
_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset, deque)


def attributes(value: Any) -> dict[str, Any] | None:
    """Its ``__dict__`` itself; None for an object without one, or whose kind is not state."""
    kind: Any = type(value)
    if not _has_attributes(kind):
        return None
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return own if isinstance(own, dict) else None


@cache
def _has_attributes(kind: Any) -> bool:
    return _is_state(kind) and bool(kind.__dictoffset__)


@cache
def _is_state(kind: Any) -> bool:
    if issubclass(kind, type):
        return False
    first, _, rest = kind.__module__.partition(".")
    return first not in _NOT_STATE and f"{first}.{rest.partition('.')[0]}" not in _NOT_STATE


@cache
def slots(kind: Any) -> tuple[MemberDescriptorType, ...]:
    """The attributes that objects of a class written in Python hold outside of ``__dict__``."""
    return tuple(
        descriptor
        for base in kind.__mro__
        if "__slots__" in vars(base) and _is_state(base)
        for descriptor in vars(base).values()
        if isinstance(descriptor, MemberDescriptorType)
    )


def held_in_slots(value: Any) -> dict[MemberDescriptorType, Any]:
    """Slot -> what is in it, without empty ones."""
    held = {}
    kind: Any = type(value)
    for slot in slots(kind):
        try:
            held[slot] = slot.__get__(value)
        except AttributeError:
            continue
    return held


def inside(value: Any) -> Iterable[Any]:
    """What an object holds directly; a function holds what it encloses."""
    kind = type(value)
    if issubclass(kind, dict):
        return [*dict.values(value), *_members(value)]
    for known in _SEQUENCES:
        if issubclass(kind, known):
            return [*known.__iter__(value), *_members(value)]
    for known, parts in _PARTS.items():
        if issubclass(kind, known):
            return parts(value)
    return _members(value)


def _members(value: Any) -> list[Any]:
    return [*(attributes(value) or {}).values(), *held_in_slots(value).values()]


def _content(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # still empty
        return ()


_PARTS: dict[type, Callable[[Any], Iterable[Any]]] = {
    FunctionType: lambda f: (*(f.__closure__ or ()), *(f.__defaults__ or ()), f.__dict__),
    MethodType: lambda m: (m.__self__, m.__func__),
    partial: lambda p: (p.func, p.args, p.keywords),
    ref: lambda r: (r(),),
    CellType: _content,
}


def globals_of(function: Any) -> list[Any]:
    """The containers and tensors of its file that a function names: where hooks and memos write."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or not _is_users(function.__module__):
        return []
    names, where = function.__code__.co_names, function.__globals__
    return [where[name] for name in names if type(where.get(name)) in _SHARED]


_SHARED = frozenset((list, dict, set, deque, OrderedDict, defaultdict, torch.Tensor))


@cache
def _is_users(module: str | None) -> bool:
    first = (module or "").partition(".")[0]
    return first not in ("torch", "lightbench") and first not in sys.stdlib_module_names


@cache
def forward_of(kind: Any) -> Any:
    """The ``forward`` of a class that is not PyTorch's own; None for those."""
    return getattr(kind, "forward", None) if _is_users(kind.__module__) else None


def shared_by(kind: Any) -> list[Any]:
    """What all objects of a user's class share and ``forward`` may change: containers of the class,
    and those of its file."""
    if not _is_users(kind.__module__):
        return []
    of_class = [v for v in vars(kind).values() if type(v) in _SHARED]
    return of_class + globals_of(forward_of(kind))
