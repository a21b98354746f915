"""Where the layers of a network that comes from a file are written, for annotations beside the code. The file is
parsed; nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lightbench.models import sources

Place = tuple[str, int]  # file and line
Defined = ast.ClassDef | ast.FunctionDef
LISTS = ("Sequential", "ModuleList", "ModuleDict", "OrderedDict")


def places_of(model: str) -> Callable[[str], Place] | None:
    """What gives file and line of a layer, by its path, in the network that ``path/file.py:Net(8)`` names: "" is the
    network itself, and a layer whose line cannot be told is where what it stands in is written. None for networks that
    come from elsewhere."""
    named = sources.split_name(model)
    if named is None:
        return None
    file = str(named.file)
    name = named.call.partition("(")[0].partition(".")[0].strip()
    written = _Written()
    with suppress(OSError, SyntaxError, ValueError):
        body = ast.parse(named.file.read_text(encoding="utf-8")).body
        written = _Written(
            {n.name: n for n in body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
        )
    return lambda path: (file, written.line(name, path.split(".") if path else []))


@dataclass(frozen=True)
class _Written:
    """Classes and functions of a file, by their names."""

    known: dict[str, Defined] = field(default_factory=dict)

    def line(self, name: str, path: Sequence[str]) -> int:
        """Of the layer at ``path`` in what ``name`` makes; 1 where the file has no such name."""
        made = self.known.get(name)
        if isinstance(made, ast.FunctionDef):
            inner = self._returned(made)
            return self.line(inner, path) if path and inner else made.lineno
        return self._of_class(made, path) if made else 1

    def _returned(self, function: ast.FunctionDef) -> str | None:
        """The class that a function returns one of, where it says so in so many words."""
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                name = _name(node.value)
                if isinstance(self.known.get(name), ast.ClassDef):
                    return name
        return None

    def _of_class(self, made: ast.ClassDef, path: Sequence[str]) -> int:
        """A layer that is none of the class's own is one of its bases'."""
        for one in self._with_bases(made) if path else ():
            for value in _assigned(one, path[0]):
                return self._of_value(value, path[1:])
        return made.lineno

    def _with_bases(self, made: ast.ClassDef) -> list[ast.ClassDef]:
        """The class and those of the file that it comes from, each once."""
        found = [made]
        for one in found:  # which grows meanwhile
            above = (self.known.get(b.id) for b in one.bases if isinstance(b, ast.Name))
            found += (a for a in above if isinstance(a, ast.ClassDef) and a not in found)
        return found

    def _of_value(self, value: ast.expr, path: Sequence[str]) -> int:
        """Of a layer at ``path`` in what an expression makes."""
        name = _name(value)
        inner = self.known.get(name)
        if isinstance(inner, ast.ClassDef):
            return self._of_class(
                inner, path
            )  # a block is where it is written, not where it is used
        if path and (part := _part(value, path[0])) is not None:
            return self._of_value(part, path[1:])
        return value.lineno


def _assigned(made: ast.ClassDef, attribute: str) -> Iterator[ast.expr]:
    """What is written behind ``self.attribute =`` in a class."""
    for node in ast.walk(made):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Attribute) and t.attr == attribute for t in targets):
                yield node.value


def _name(value: ast.expr) -> str:
    """What is called: ``Conv2d`` of ``nn.Conv2d(...)``; nothing for what is no call."""
    called = value.func if isinstance(value, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _part(value: ast.expr, key: str) -> ast.expr | None:
    """The element of a list, a dictionary, or of what makes a container of modules; of a comprehension the one
    expression that makes them all."""
    if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
        return value.elt
    if isinstance(value, ast.Starred):
        return _part(value.value, key)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return next((v for k, v in pairs if isinstance(k, ast.Constant) and k.value == key), None)
    if isinstance(value, (ast.List, ast.Tuple)):
        return _element(value.elts, key)
    if isinstance(value, ast.Call) and _name(value) in LISTS:
        one = value.args[0] if len(value.args) == 1 else None
        inside = (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.GeneratorExp, ast.Starred)
        held = isinstance(one, inside) or (one is not None and _name(one) in LISTS[3:])
        return _part(one, key) if one is not None and held else _element(value.args, key)
    return None


def _element(values: Sequence[ast.expr], key: str) -> ast.expr | None:
    """By its number, up to where several come from one expression; or by its name, among pairs."""
    for i, value in enumerate(values):
        if isinstance(value, ast.Starred):
            return _part(value, key)
        if isinstance(value, ast.Tuple) and len(value.elts) == 2:
            name, made = value.elts
            if isinstance(name, ast.Constant) and name.value == key:
                return made
        elif key == str(i):
            return value
    return None
