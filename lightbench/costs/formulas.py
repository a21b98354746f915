"""The multiply-adds of an operator as the product that a textbook derives, with its numbers in it.

A formula is only given if it multiplies out to what was counted: it explains a count, it never is another one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from lightbench.records import CONV_KINDS, Op

TIMES = "·"
Factors = tuple[tuple[str, int], ...]  # a symbol and its number; "/g" divides


class Formula(NamedTuple):
    """The same product twice."""

    symbols: str  # "k·k·c_in·c_out/g·h·w"
    numbers: str  # "3·3·32·32/32·112·112"


def formula(op: Op) -> Formula | None:
    """None for an operator that does not multiply, and where its shapes do not say how it does (recurrent
    layers, gradients, sparse factors)."""
    rule = _convolution if op.kind in CONV_KINDS else _RULES.get(op.kind)
    if not op.madds or rule is None:
        return None
    for factors in rule(op):
        if _product(factors) == op.madds:
            return Formula(*_written(factors))
    return None


def value(numbers: str) -> Fraction:
    """What a formula's numbers multiply out to. Raises ValueError for what is no such product."""
    if not re.fullmatch(r"\d+([·/]\d+|·\(\d+\+\d+\))*", numbers):
        raise ValueError(f"{numbers!r} is no product")
    result = Fraction(1)
    for sign, factor in re.findall(r"([·/]?)([^·/]+)", numbers):
        amount = sum(map(int, factor.strip("()").split("+")))
        result = result / amount if sign == "/" else result * amount
    return result


def of_dense(op: Op) -> Fraction | None:
    """Multiply-adds of a convolution over those of the dense one between the same maps with the same kernel: 1 / g.
    None for what is no convolution."""
    return Fraction(1, op.groups) if op.kind in CONV_KINDS and op.madds else None


class Separable(NamedTuple):
    """A depthwise convolution and the pointwise one behind it, against the dense one they stand for: 1 / c_out
    + 1 / k^2 (MobileNets, arXiv:1704.04861, section 3.1)."""

    c_out: int
    taps: int  # k^2

    @property
    def of_dense(self) -> Fraction:
        """The multiply-adds of both over those of the dense convolution."""
        return Fraction(1, self.c_out) + Fraction(1, self.taps)


def separable(ops: Sequence[Op]) -> dict[int, Separable]:
    """Positions of pointwise convolutions that end a depthwise-separable one: no other convolution or product
    stands between, each channel has one filter, and the map is the same."""
    found: dict[int, Separable] = {}
    before: Op | None = None
    for i, op in enumerate(ops):
        if not op.madds:
            continue
        if before is not None and op.kind == "pointwise conv" and _follows(before, op):
            assert before.weight is not None  # it is a convolution
            assert op.weight is not None
            found[i] = Separable(op.weight[0], math.prod(before.weight[2:]))
        before = op
    return found


def _follows(depthwise: Op, pointwise: Op) -> bool:
    one_each = depthwise.weight is not None and depthwise.weight[0] == depthwise.groups
    same = pointwise.weight is not None and depthwise.output == pointwise.input
    unstrided = math.prod(pointwise.output[2:]) == math.prod(pointwise.input[2:])
    return depthwise.kind == "depthwise conv" and one_each and same and unstrided


def _convolution(op: Op) -> Iterator[Factors]:
    """A filter at each position of the output, or of the input if it is transposed."""
    if op.weight is None:
        return
    spatial = len(op.weight) - 2
    kernel = tuple(("k", size) for size in op.weight[2:])
    for shape, transposed in ((op.output, False), (op.input, True)):
        if len(shape) < spatial + 1:
            continue
        one, other = op.weight[:2]
        c_in, c_out = (one, other * op.groups) if transposed else (other * op.groups, one)
        batch = shape[0] if len(shape) == spatial + 2 else 1
        names = ("d", "h", "w")[-spatial:] if spatial < 3 else ("d", "h", "w")
        where = zip(names if spatial > 1 else ("l",), shape[len(shape) - spatial :], strict=True)
        groups = (("/g", op.groups),) if op.groups > 1 else ()
        yield (*kernel, ("c_in", c_in), ("c_out", c_out), *groups, *where, *_more("n", batch))


def _linear(op: Op) -> Iterator[Factors]:
    """One dot product for each output: of every image, token, ..."""
    if op.weight is not None and len(op.weight) == 2 and op.output:
        c_out, c_in = op.weight
        yield (("c_in", c_in), ("c_out", c_out), *_more("n", math.prod(op.output) // max(c_out, 1)))


def _matmul(op: Op) -> Iterator[Factors]:
    """(..., n, m) @ (..., m, p)."""
    if len(op.output) > 1 and op.input:
        *batch, n, p = op.output
        yield (("n", n), ("m", op.input[-1]), ("p", p), *_more("b", math.prod(batch)))
    if (
        len(op.input) > 1
    ):  # its first argument may be a sum that is added to: (b,) + (n, m) @ (m, p)
        inner = Fraction(op.madds, math.prod(op.output) or 1)
        if inner.denominator == 1 and len(op.output) > 1:
            *batch, n, p = op.output
            yield (("n", n), ("m", int(inner)), ("p", p), *_more("b", math.prod(batch)))


def _attention(op: Op) -> Iterator[Factors]:
    """Scores, and the mean of values that they weight: keys as many as the count says, which is all that
    shapes of queries and results leave open."""
    if len(op.input) < 2 or len(op.output) != len(op.input):
        return
    *batch, queries, width = op.input
    widths = width + op.output[-1]
    keys = Fraction(op.madds, math.prod(batch) * queries * widths or 1)
    if keys.denominator == 1:
        both = f"({width}+{op.output[-1]})"
        yield (
            ("L", queries),
            ("S", int(keys)),
            (f"(E+V)={both}", widths),
            *_more("b", math.prod(batch)),
        )


_RULES: dict[str, Callable[[Op], Iterator[Factors]]] = {
    "linear": _linear,
    "matmul": _matmul,
    "attention": _attention,
}


def _more(symbol: str, size: int) -> Factors:
    """A factor that is only written if it is more than 1."""
    return ((symbol, size),) if size > 1 else ()


def _product(factors: Factors) -> Fraction:
    result = Fraction(1)
    for symbol, size in factors:
        result = result / size if symbol.startswith("/") else result * size
    return result


def _written(factors: Factors) -> tuple[str, str]:
    symbols = numbers = ""
    for symbol, size in factors:
        name, _, number = symbol.partition("=")
        sign = "" if name.startswith("/") or not symbols else TIMES
        symbols += sign + name
        numbers += ("/" if name.startswith("/") else sign) + (number or str(size))
    return symbols, numbers
