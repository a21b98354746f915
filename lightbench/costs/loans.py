"""Things that are lent and given back as they were: attributes, containers, values of tensors.

Several may borrow a thing at once, from threads or inside one another: it is noted when the first
comes, and put back when the last has gone.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from functools import cache, partial
from threading import RLock
from types import CellType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench.costs.reach import ATOMS, attributes, held_in_slots, inside, slots
from lightbench.costs.scripts import is_frozen, is_script

_LOCK = RLock()  # never held while a network runs
_LENT: dict[int, Loan] = {}  # id of a module or an object -> the loan that it belongs to


class _Tensor(NamedTuple):
    """A tensor as it was: ``alias`` is the same memory in the same shape."""

    tensor: Tensor
    alias: Tensor
    gradient: Tensor | None
    trained: bool


class Loan:
    """Things that were lent together. Kept alive by it, so that an id stays what it was."""

    def __init__(self) -> None:
        self.holders = 0
        self.joined: dict[int, Loan] = {}  # open loans that some of the things belong to
        self.things: dict[int, Any] = {}
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._empty: list[Any] = []
        self._filled: list[tuple[Any, Any]] = []
        self._others: list[Callable[[], Any]] = []
        self._tensors: list[_Tensor] = []
        self._values: dict[int, tuple[Any, Any]] = {}  # storage -> itself, and a copy of it
        self._storages: set[int] | None = None  # of the tensors; only a write asks for them

    def add_modules(self, modules: Iterable[nn.Module]) -> None:
        """Note modules; not their children, which are modules of their own."""
        new = {id(m): m for m in modules if not self._is_lent(m)}
        self.things |= new
        for module in new.values():
            self._add_module(module)

    def _is_lent(self, thing: Any) -> bool:
        loan = _LENT.get(id(thing))
        if loan is not None:
            self.joined[id(loan)] = loan
        return loan is not None

    def _add_module(self, module: nn.Module) -> None:
        own = module.__dict__
        held = own.copy()
        self._attributes.append((own, held))
        if is_script(module):
            if not is_frozen(module):
                self._others.append(partial(setattr, module, "training", module.training))
            self.add((*module._parameters.values(), *module._buffers.values()))
            return
        rest = []
        for name, value in held.items():
            kind = type(value)
            if kind in ATOMS:
                continue
            if (kind is dict or kind is OrderedDict or kind is set) and not value:
                self._empty.append(value)
            elif (kind is dict or kind is OrderedDict) and name in _OF_MODULES:
                self._filled.append((value, value.copy()))
                if name != "_modules":
                    rest += value.values()
            else:
                rest.append(value)
        self._note_slots(module)
        self.add(rest)

    def add(self, values: Iterable[Any]) -> None:
        """Note what can be reached from ``values``."""
        found = [value for value in values if type(value) not in ATOMS]
        while found:
            value = found.pop()
            kind: Any = type(value)
            if id(value) in self.things or self._is_lent(value):
                continue
            self.things[id(value)] = value
            if isinstance(value, Tensor):
                self._add_tensor(value)
            elif note := _note_of(kind):
                self._others.append(note(value))
            else:
                self._note(value)
                found += [inner for inner in inside(value) if type(inner) not in ATOMS]

    def _note(self, value: Any) -> None:
        kind = next((known for known in _CONTENT if issubclass(type(value), known)), None)
        if kind is not None:
            self._filled.append((value, _CONTENT[kind](value)))
        if type(value) is CellType:
            self._others.append(partial(_refill, value, tuple(inside(value))))
        own = attributes(value)
        if own is not None:
            self._attributes.append((own, dict.copy(own)))
        self._note_slots(value)

    def _note_slots(self, value: Any) -> None:
        kind: Any = type(value)
        if slots(kind):
            self._others.append(partial(_fill, value, held_in_slots(value)))

    def _add_tensor(self, tensor: Tensor) -> None:
        if tensor.layout is torch.strided and type(tensor) in _PLAIN:
            gradient = tensor.grad if tensor.is_leaf else None
            self._tensors.append(_Tensor(tensor, tensor.data, gradient, tensor.requires_grad))
            if gradient is not None:
                self.add((gradient,))

    def keep(self, tensor: Tensor) -> None:
        """Keep the values of a tensor's memory, if it was lent: they are about to be overwritten."""
        key = _storage(tensor)
        if key is None or key in self._values:
            return
        if self._storages is None:
            self._storages = {s for lent in self._tensors if (s := _storage(lent.alias))}
        if key in self._storages:
            storage = tensor.untyped_storage()
            self._values[key] = (storage, storage.clone())  # type: ignore[no-untyped-call]

    def give_back(self) -> None:
        """Put everything back as it was noted."""
        for now, before in self._attributes:
            _put_attributes_back(now, before)
        for container in self._empty:
            if container:
                container.clear()
        for container, content in self._filled:
            _put_back(container, content)
        for undo in self._others:
            undo()
        for lent in self._tensors:
            _put_tensor_back(lent)
        for storage, values in self._values.values():
            if storage.nbytes() != values.nbytes():
                storage.resize_(values.nbytes())
            storage.copy_(values)


_OF_MODULES = frozenset(("_parameters", "_buffers", "_modules"))
_PLAIN = frozenset((Tensor, nn.Parameter, nn.Buffer))
# What containers hold, read without a method of a subclass. An ordered dictionary has an order that
# it alone can restore.
_CONTENT: dict[Any, Callable[[Any], Any]] = {
    OrderedDict: lambda it: [*OrderedDict.items(it)],
    dict: dict.copy,
    list: lambda it: [*list.__iter__(it)],
    set: lambda it: [*set.__iter__(it)],
    deque: lambda it: [*deque.__iter__(it)],
}


def _put_back(container: Any, content: Any) -> None:
    kind = next(known for known in _CONTENT if issubclass(type(container), known))
    fill = kind.extend if kind in (list, deque) else kind.update
    kind.clear(container)
    fill(container, content)


def _put_attributes_back(now: dict[str, Any], before: dict[str, Any]) -> None:
    """Never empty meanwhile: another thread may be using the object."""
    now.update(before)
    if len(now) != len(before):
        for name in now.keys() - before.keys():
            del now[name]
    if before and next(reversed(now)) != next(reversed(before)):  # one had been deleted
        now.clear()
        now.update(before)


def _fill(value: Any, held: dict[Any, Any]) -> None:
    for slot in held_in_slots(value).keys() - held.keys():
        slot.__delete__(value)
    for slot, content in held.items():
        slot.__set__(value, content)


def _refill(cell: CellType, content: tuple[Any, ...]) -> None:
    if content:
        cell.cell_contents = content[0]


def _put_tensor_back(lent: _Tensor) -> None:
    tensor, alias, gradient, trained = lent
    if tensor.data_ptr() != alias.data_ptr() or tensor.shape != alias.shape:
        tensor.data = alias
    if tensor.requires_grad != trained:
        tensor.requires_grad_(trained)
    if tensor.is_leaf and tensor.grad is not gradient:
        tensor.grad = gradient


def _storage(tensor: Tensor) -> int | None:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # sparse and nested tensors have none
        return None


Note = Callable[[Any], Callable[[], Any]]


@cache
def _note_of(kind: Any) -> Note | None:
    """How to put back what is neither container nor attribute."""
    numpy = sys.modules.get("numpy")
    rows: list[tuple[type, Note]] = [
        (torch.Generator, lambda it: partial(it.set_state, it.get_state())),
        (random.Random, lambda it: partial(it.setstate, it.getstate())),
    ]
    if numpy is not None:
        rows += [
            (numpy.ndarray, lambda it: partial(numpy.copyto, it, it.copy())),
            (numpy.random.RandomState, lambda it: partial(it.set_state, it.get_state())),
            (
                numpy.random.Generator,
                lambda it: partial(setattr, it.bit_generator, "state", it.bit_generator.state),
            ),
        ]
    return next((note for known, note in rows if issubclass(kind, known)), None)


def lend(modules: Iterable[nn.Module], others: Iterable[Any] = ()) -> list[Loan]:
    """Note modules and what can be reached from ``others``; give it back with ``give_back``. What is
    lent already is not noted again: its loan gets one holder more."""
    with _LOCK:
        mine = Loan()
        mine.add_modules(modules)
        mine.add(others)
        loans = [mine, *mine.joined.values()]
        for loan in loans:
            loan.holders += 1
        _LENT.update(dict.fromkeys(mine.things, mine))
        return loans


def give_back(loans: Iterable[Loan]) -> None:
    """One holder less; the last one puts everything back."""
    with _LOCK:
        for loan in loans:
            loan.holders -= 1
            if not loan.holders:
                try:
                    loan.give_back()
                finally:
                    for thing in loan.things:
                        del _LENT[thing]
