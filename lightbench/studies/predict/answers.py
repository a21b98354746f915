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

from lightbench.records.arguments import tensors_in
from lightbench.studies.rows import CLOSE, are_probabilities, rows_in

Ending = Literal["scores", "softmax", "log_softmax"]


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
    rows = rows_in(output, images, None, name)
    eps = max(torch.finfo(x.dtype).eps for x in tensors_in(output) if x.is_floating_point())
    close = max(CLOSE, 4 * eps)
    gave, classes = rows.sort(dim=1, descending=True, stable=True)  # of equal ones the first
    totals = rows.logsumexp(dim=1)
    shares = are_probabilities(rows, close)
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
