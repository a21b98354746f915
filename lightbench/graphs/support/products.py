"""Multiply-adds of products, by shapes: the same formulas for every format. Biases are not counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lightbench.graphs import Shape, Work
from lightbench.records.costs import conv_kind


def convolution(
    out: Shape, weight: Shape, channels: int, *, kernel: Shape, groups: int, **more: Any
) -> Work:
    """k^2 c_in / groups at each element of the output; ``weight`` is (c_out, c_in / groups, k, k), and
    ``channels`` are those of the input."""
    return _work(math.prod(out) * math.prod(weight[1:]), weight, channels, kernel, groups, more)


def transposed(
    x: Shape, weight: Shape, channels: int, *, kernel: Shape, groups: int, **more: Any
) -> Work:
    """k^2 c_out / groups at each element of the input; ``weight`` is (c_in, c_out / groups, k, k)."""
    return _work(math.prod(x) * math.prod(weight[1:]), weight, channels, kernel, groups, more)


def _work(
    madds: int, weight: Shape, channels: int, kernel: Shape, groups: int, more: dict[str, Any]
) -> Work:
    return Work(conv_kind(channels, kernel, groups), madds, weight, groups=groups)._replace(**more)


def matmul(out: Shape, inner: int, weight: Shape, *, constant: bool, bias: bool = False) -> Work:
    """``inner`` at each element of the output. A product with a constant is a linear layer."""
    madds = math.prod(out) * inner
    if constant:
        return Work("linear", madds, weight, bias=bias)
    return Work("matmul", madds, bias=bias)


def recurrent(steps: Sequence[int], *weights: Shape) -> Work:
    """All weights at each step of each sequence: an LSTM's (directions, 4 h, c_in) and (directions, 4 h, h)."""
    return Work("recurrent", math.prod(steps) * sum(map(math.prod, weights)))
