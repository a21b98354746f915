"""What a Python file offers that is a network, the best guess first: read, and not run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from typing import NamedTuple

MOST = 8  # that are named


class Offer(NamedTuple):
    """A class or a function that gives a network, and the arguments that it cannot do without."""

    name: str
    needs: tuple[str, ...]
    block: bool = False  # other networks of the file are made of it, or extend it
    uses: int = 0  # of how many others it is made
    factory: bool = False
    runs: bool = True  # it has a ``forward`` to call

    @property
    def call(self) -> str:
        """As it is typed: ``Net``, or ``Net(width=...)``."""
        needs = ", ".join(f"{name}=..." for name in self.needs)
        return f"{self.name}({needs})" if needs else self.name


def offers(source: str) -> list[Offer]:
    """The networks of a file. Raises SyntaxError, ValueError."""
    nodes = ast.parse(source).body
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    networks = {name: node for name, node in classes.items() if _is_network(node, classes)}
    used = {name: _names(node.body) & networks.keys() - {name} for name, node in networks.items()}
    extended = {name for node in networks.values() for name in _names(node.bases)}
    found = [
        Offer(
            name,
            _needs(node, classes),
            block=name in extended.union(*used.values()),
            uses=len(used[name]),
            runs=_runs(node, classes),
        )
        for name, node in networks.items()
    ]
    found += [
        Offer(node.name, _required(node.args), factory=True)
        for node in nodes
        if isinstance(node, ast.FunctionDef) and _gives(node, networks.keys())
    ]
    return sorted(found, key=_rank)


def _rank(one: Offer) -> tuple[bool, bool, bool, bool, bool, int]:
    return (
        not one.runs,
        bool(one.needs),
        one.block,
        one.name.startswith("_"),
        one.factory,
        -one.uses,
    )


def _is_network(node: ast.ClassDef, classes: dict[str, ast.ClassDef], depth: int = 0) -> bool:
    for base in map(ast.unparse, node.bases):
        first, _, last = base.rpartition(".")
        if last.endswith("Module") or first in ("nn", "torch.nn"):
            return True
        known = classes.get(base) if depth < len(classes) else None
        if known and _is_network(known, classes, depth + 1):
            return True
    return False


def _runs(node: ast.ClassDef, classes: dict[str, ast.ClassDef], depth: int = 0) -> bool:
    """Is there a ``forward``, of its own or of what it extends, that does more than refuse?"""
    for inside in node.body:
        if isinstance(inside, ast.FunctionDef) and inside.name == "forward":
            return not _refuses(inside)
        if isinstance(inside, ast.Assign) and "forward" in map(ast.unparse, inside.targets):
            return True
    known = [classes[base] for base in map(ast.unparse, node.bases) if base in classes]
    if known and depth < len(classes):
        return any(_runs(base, classes, depth + 1) for base in known)
    return not all(ast.unparse(base).endswith(("Module", "ABC")) for base in node.bases)


def _refuses(method: ast.FunctionDef) -> bool:
    body = [
        n
        for n in method.body
        if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    ]
    abstract = any(ast.unparse(one).endswith("abstractmethod") for one in method.decorator_list)
    return abstract or all(
        isinstance(n, ast.Pass) or "NotImplemented" in ast.unparse(n) for n in body
    )


def _needs(node: ast.ClassDef, classes: dict[str, ast.ClassDef], depth: int = 0) -> tuple[str, ...]:
    """Arguments without a default of its ``__init__``, or of that of the class that it extends."""
    for inside in node.body:
        if isinstance(inside, ast.FunctionDef) and inside.name == "__init__":
            return _required(inside.args)[1:]
    for base in map(ast.unparse, node.bases):
        if base in classes and depth < len(classes):
            return _needs(classes[base], classes, depth + 1)
    plain = all(ast.unparse(base).endswith("Module") for base in node.bases)
    return () if plain else ("...",)


def _required(args: ast.arguments) -> tuple[str, ...]:
    positional = [*args.posonlyargs, *args.args]
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    first = positional[: len(positional) - len(args.defaults)]
    return (*(a.arg for a in first), *(a.arg for a, default in named if default is None))


def _gives(node: ast.FunctionDef, networks: Collection[str]) -> bool:
    """Does a function return a network of the file, as far as can be read?"""
    annotated = ast.unparse(node.returns) if node.returns else ""
    if annotated.endswith("Module") or annotated in networks:
        return True
    returned = {n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value}
    made = {
        target.id
        for n in ast.walk(node)
        if isinstance(n, ast.Assign) and _makes(n.value, networks)
        for target in n.targets
        if isinstance(target, ast.Name)
    }
    return any(_makes(v, networks) or getattr(v, "id", None) in made for v in returned)


def _makes(node: ast.expr, networks: Collection[str]) -> bool:
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return called.partition(".")[0] in networks or called.endswith("nn.Sequential")


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def hint(said: str, source: str) -> str:
    """What to write instead, where ``said`` is how the file is called."""
    found = offers(source)
    if not found:
        return ""
    names = ", ".join(one.name for one in found[:MOST])
    return f"Write {said}:{found[0].call} (it defines {names})."
