"""What may be wrong in a file, one small fault at a time: ``<`` for ``<=``, ``and`` for ``or``, a number one
too large, a condition that always or never holds, a result of None, an error that is not raised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

PAIRS = (
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
    (ast.And, ast.Or),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.Div),
    (ast.FloorDiv, ast.Mod),
    (ast.BitOr, ast.BitAnd),
)
OTHER = {ast.Pow: ast.Mult, **dict(PAIRS), **{b: a for a, b in PAIRS}}
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Fault(NamedTuple):
    """The line where it is, what it changes there, and the whole file with it."""

    line: int
    change: str
    source: str


def faults(source: str) -> Iterator[Fault]:
    """Every one of a file, in the order of its lines."""
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    for parent, held, at in list(places(tree)):
        node = held[at]
        for other in swaps(node, parent):
            held[at] = other
            wrong = ast.unparse(tree)
            yield Fault(node.lineno, change(plain, wrong), wrong)
        held[at] = node


def places(node: ast.AST) -> Iterator[tuple[ast.AST, list | dict, int | str]]:
    """What runs, as its parent and where that holds it: no annotation, and no ``strict=`` of ``zip``, which
    guards against what no caller does."""
    for field, value in ast.iter_fields(node):
        several = isinstance(value, list)
        for at, child in list(enumerate(value)) if several else [(field, value)]:
            left = field in ("annotation", "returns") or getattr(child, "arg", "") == "strict"
            if isinstance(child, ast.AST) and not left:
                yield node, value if several else vars(node), at
                yield from places(child)


def swaps(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for i, op in enumerate(ops):
                yield ast.Compare(left, [*ops[:i], OTHER[type(op)](), *ops[i + 1 :]], others)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(OTHER[type(op)](), values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OTHER:
            yield ast.BinOp(left, OTHER[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in OTHER:
            yield ast.AugAssign(target, OTHER[type(op)](), value)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=named) if name in CALLED:
            yield ast.Call(ast.Name(CALLED[name]), args, named)
        case ast.If(body=body, orelse=orelse) | ast.IfExp(body=body, orelse=orelse):
            yield from (type(node)(ast.Constant(on), body, orelse) for on in (True, False))
        case ast.While(body=body, orelse=orelse):
            yield ast.While(ast.Constant(False), body, orelse)
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Raise() if not (isinstance(parent, ast.If) and parent.body == [node]):
            yield ast.Pass()  # in an if of its own it is the same as a condition that never holds
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
    if isinstance(parent, ast.comprehension) and node in parent.ifs:
        yield ast.Constant(True)


def change(before: str, after: str) -> str:
    """What is different in the first line that is, and forty letters on either side; of a line of one word
    also the line before."""
    old, new = before.splitlines(), after.splitlines()
    at = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    a, b = old[at].strip(), new[at].strip()
    if a.isalpha():
        a, b = (f"{old[at - 1].strip()} {word}" for word in (a, b))
    start = shared(a, b)
    end = shared(a[start:][::-1], b[start:][::-1])
    return " -> ".join(text[max(0, start - 40) : len(text) - max(0, end - 40)] for text in (a, b))


def shared(a: str, b: str) -> int:
    """How many letters two texts have in common before they part."""
    parts = (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(parts, min(len(a), len(b)))
