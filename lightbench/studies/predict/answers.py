"""What a network answers, as probabilities: softmax exactly once, whatever it ends with.

Softmax, its logarithm and the identity put classes in the same order. So the best ones of each image are kept as the
network gave them, with the logarithm of the sum of exp of all, and which of the three it is can be decided after the
last image, from all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from lightbench import units
from lightbench.errors import ModelError

Ending = Literal["scores", "softmax", "log_softmax"]
CLOSE = 1e-4  # to 1, of a sum in float32


class Answer(NamedTuple):
    """To one image: the best ``classes``, the best first, and what the network ``gave`` for each. ``total`` is the
    logarithm of the sum of exp of all classes'; ``shares``: are all above zero, and add up to 1? ``logs``: do exp of
    them?"""

    classes: tuple[int, ...]
    gave: tuple[float, ...]
    total: float
    shares: bool
    logs: bool

    @property
    def finite(self) -> bool:
        """Can probabilities be made of it? Not of NaN, nor of infinity."""
        return math.isfinite(self.total)


def answers(output: Any, images: int, top: int, name: str) -> list[Answer]:
    """The answers in what a network called ``name`` gives for so many images. Raises ModelError unless that is a row of
    at least two numbers for each."""
    if not isinstance(output, Tensor) or output.dim() != 2 or output.shape[0] != images:
        what = units.shape(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ModelError(
            f"{name} does not classify: for {images} images it answers with {what}.",
            "A row of numbers for each image is expected, one of each class.",
        )
    if output.shape[1] < 2:
        raise ModelError(
            f"{name} answers with one number, which is no choice between classes.",
            "A row of numbers for each image is expected, one of each class.",
        )
    close = max(CLOSE, 4 * torch.finfo(output.dtype).eps) if output.is_floating_point() else CLOSE
    rows = output.detach().to("cpu", torch.float64)
    gave, classes = rows.sort(dim=1, descending=True, stable=True)  # of equal ones the first
    totals = rows.logsumexp(dim=1)
    shares = (rows >= 0).all(dim=1) & ((rows.sum(dim=1) - 1).abs() < close)
    logs = totals.abs() < close
    columns = (classes[:, :top], gave[:, :top], totals, shares, logs)
    return [
        Answer(tuple(best), tuple(values), *rest)
        for best, values, *rest in zip(*(column.tolist() for column in columns), strict=True)
    ]


def ending(found: Iterable[Answer]) -> Ending:
    """What the network ends with, by all its answers that are numbers."""
    known = [answer for answer in found if answer.finite]
    if known and all(answer.shares for answer in known):
        return "softmax"
    return "log_softmax" if known and all(answer.logs for answer in known) else "scores"


def probabilities(answer: Answer, ends: Ending) -> Sequence[float]:
    """Of its classes, of an answer that is finite."""
    if ends == "softmax":
        return answer.gave
    total = 0.0 if ends == "log_softmax" else answer.total
    return tuple(math.exp(value - total) for value in answer.gave)
