"""Things that are lent and given back as they were: attributes, containers, values of tensors.

Several may borrow a thing at once, from threads or inside one another: it is noted when the first
comes, and put back when the last has gone.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from itertools import chain, compress, filterfalse
from operator import is_, itemgetter, not_
from threading import RLock
from types import CellType
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.costs.memory import Memory
from lightbench.costs.reach import ATOMS, attributes, held_in_slots, inside, slots
from lightbench.costs.scripts import is_frozen, scripts_among, without

_LOCK = RLock()  # never held while a network runs
_LENT: dict[int, Loan] = {}  # id of a module or an object -> the loan that it belongs to


class Loan:
    """Things that were lent together. Kept alive by it, so that an id stays what it was."""

    def __init__(self, modules: Iterable[nn.Module], others: Iterable[Any]) -> None:
        self.holders = 0
        self.joined: dict[int, Loan] = {}  # open loans that some of the things belong to
        self.things: dict[int, Any] = {}
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._empty: list[Any] = []  # containers
        self._filled: list[tuple[Any, Any]] = []
        self._others: list[Callable[[], Any]] = []
        self._found: list[Any] = []  # tensors, and children
        own = [m for m in modules if not self._is_lent(m)] if _LENT else [*modules]
        self.things.update(zip(map(id, own), own, strict=True))
        self._add_modules(own)
        self._add(others)
        tensors = {id(t): t for t in self._found if isinstance(t, Tensor)}
        self._memory = Memory([*tensors.values()])
        if gradients := self._memory.gradients:
            self._memory = Memory([*tensors.values(), *gradients])

    def _is_lent(self, thing: Any) -> bool:
        if id(thing) not in _LENT:
            return False
        loan = _LENT[id(thing)]
        self.joined[id(loan)] = loan
        return True

    def _add_modules(self, modules: Sequence[nn.Module]) -> None:
        """All at once, since networks have hundreds. Children are modules of their own."""
        scripts = scripts_among(modules)
        for script in scripts:
            self._add_script(script)
        eager = without(scripts, modules)
        held = [module.__dict__.copy() for module in eager]
        self._attributes += zip(map(vars, eager), held, strict=True)
        for module in eager if any(map(slots, set(map(type, eager)))) else ():  # hardly any
            self._note_slots(module)
        hooks = [*chain.from_iterable(map(own.get, _HOOKS) for own in held)]
        parts = [*chain.from_iterable(map(own.get, _PARTS) for own in held)]
        self._empty += filterfalse(None, hooks + parts)
        filled = [*filter(None, parts)]
        self._filled += [(part, part.copy()) for part in filled]
        self._found += chain.from_iterable(map(dict.values, filled))
        self._add(filter(None, hooks))
        values = [*chain.from_iterable(_others(tuple(own))(own) for own in held)]
        no_atoms = compress(values, map(not_, map(ATOMS.__contains__, map(type, values))))
        self._add(v for v in no_atoms if type(v) is not tuple or not _holds_atoms(v))

    def _add_script(self, script: Any) -> None:
        """What it holds is not in Python, but for what it gives out."""
        self._attributes.append((script.__dict__, script.__dict__.copy()))
        self._note_slots(script)
        if not is_frozen(script):
            self._others.append(partial(setattr, script, "training", script.training))
        self._add((*script._parameters.values(), *script._buffers.values()))

    def _add(self, values: Iterable[Any]) -> None:
        """What can be reached from ``values``."""
        found = [value for value in values if type(value) not in ATOMS]
        while found:
            value = found.pop()
            kind: Any = type(value)
            if isinstance(value, Tensor):
                self._found.append(value)
            elif id(value) in self.things or self._is_lent(value):
                continue
            else:
                self.things[id(value)] = value
                if note := _note_of(kind):
                    self._others.append(note(value))
                else:
                    self._note(value)
                    found += [inner for inner in inside(value) if type(inner) not in ATOMS]

    def _note(self, value: Any) -> None:
        kind: Any = type(value)
        if container := _container(kind):
            self._filled.append((value, _CONTENT[container](value)))
        if kind is CellType:
            self._others.append(partial(_refill, value, tuple(inside(value))))
        own = attributes(value)
        if own is not None:
            self._attributes.append((own, dict.copy(own)))
        self._note_slots(value)

    def _note_slots(self, value: Any) -> None:
        kind: Any = type(value)
        if slots(kind):  # hardly any
            self._others.append(partial(_fill, value, held_in_slots(value)))

    def keep(self, tensor: Tensor) -> None:
        """Keep the values of a tensor, if it was lent: they are about to be overwritten."""
        self._memory.keep(tensor)

    def give_back(self) -> None:
        """Put everything back as it was noted."""
        for now, before in self._attributes:
            _put_attributes_back(now, before)
        for container in filter(None, self._empty):
            container.clear()
        for container, content in self._filled:
            _put_back(container, content)
        for undo in self._others:
            undo()
        self._memory.give_back()


_OWN = frozenset(vars(nn.Module()))  # what every module has: flags, its parts, hooks
_PARTS = ("_parameters", "_buffers", "_modules")
_HOOKS = tuple(
    name
    for name, value in vars(nn.Module()).items()
    if type(value) not in ATOMS and name not in _PARTS
)


@lru_cache(1024)
def _others(names: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Takes what a module of these attributes has beside what every module has."""
    others = [name for name in names if name not in _OWN]
    if len(others) < 2:  # the getter of one name gives no tuple
        return lambda own: tuple(own[name] for name in others)
    return itemgetter(*others)


def _holds_atoms(values: tuple[Any, ...]) -> bool:
    return ATOMS.issuperset(map(type, values))


# What containers hold, read without a method of a subclass. An ordered dictionary has an order that
# it alone can restore.
_CONTENT: dict[Any, Callable[[Any], Any]] = {
    OrderedDict: lambda it: [*OrderedDict.items(it)],
    dict: dict.copy,
    list: lambda it: [*list.__iter__(it)],
    set: lambda it: [*set.__iter__(it)],
    deque: lambda it: [*deque.__iter__(it)],
}


@cache
def _container(kind: Any) -> Any:
    """Which of the above it is; None for none."""
    return next((known for known in _CONTENT if issubclass(kind, known)), None)


def _put_back(container: Any, content: Any) -> None:
    """What has not changed is not touched: another thread may be reading it."""
    of: Any = type(container)
    same_names = of is dict and [*container] == [*content]
    if same_names and all(map(is_, container.values(), content.values())):
        return
    kind = _container(of)
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
        mine = Loan(modules, others)
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
