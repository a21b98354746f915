"""What a network answers to images whose class is known, and what all of its answers come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lightbench.records.findings import Bin

BINS = 15  # of confidence, as in Guo et al. 2017
TOP = 5
LEAST = 1e-38  # probability: below is what float32 has no number for, and rounds to 0
NO_NUMBER = -1


class Answers(NamedTuple):
    """Of each image, N values each, in their order."""

    labels: Tensor  # the class that it is of
    predicted: Tensor  # the class that is answered; `NO_NUMBER`: none
    rank: Tensor  # how many classes are more probable than its own
    confidence: Tensor  # the probability of the class that is answered
    loss: Tensor  # minus the logarithm of the probability of its own class
    tied: Tensor  # are two classes the most probable?


def answers_of(rows: Tensor, labels: Tensor, *, probabilities: bool) -> Answers:
    """What ``rows`` (N x classes) say. Of classes that are equally probable the first counts as the more probable one,
    and so it does for argmax. A row that has no probabilities, since something in it is no number, answers nothing."""
    logs = rows.clamp(min=LEAST).log() if probabilities else rows
    logs = torch.log_softmax(logs, dim=1)
    able = ~logs.isnan().any(dim=1)
    own = labels[:, None]
    value, order = rows.gather(1, own), torch.arange(rows.shape[1])
    ahead = (rows > value) | ((rows == value) & (order < own))
    best = rows.argmax(dim=1)
    return Answers(
        labels,
        torch.where(able, best, NO_NUMBER),
        torch.where(able, ahead.sum(dim=1), rows.shape[1]),
        logs.gather(1, best[:, None])[:, 0].exp(),
        -logs.gather(1, own)[:, 0],
        able & ((rows == rows.amax(dim=1, keepdim=True)).sum(dim=1) > 1),
    )


def joined(parts: Sequence[Answers]) -> Answers:
    """Those to all images, of those to some at a time."""
    return Answers(*(torch.cat(each) for each in zip(*parts, strict=True)))


def counted(found: Answers, classes: int) -> dict[str, Any]:
    """What `Evaluation` keeps of them: the fields that are counts, the loss and the bins."""
    able = found.predicted != NO_NUMBER
    labels, predicted = found.labels[able], found.predicted[able]
    pairs = torch.bincount(labels * classes + predicted, minlength=classes * classes)
    without = torch.bincount(found.labels[~able], minlength=classes).tolist()
    loss = float(found.loss.mean())
    return {
        "images": len(found.labels),
        "right": int((labels == predicted).sum()),
        "right5": int((found.rank < TOP).sum()) if classes > TOP else None,
        "loss": max(loss, 0.0) if able.all() and loss < torch.inf else None,
        "confusion": tuple(map(tuple, pairs.view(classes, classes).tolist())),
        "unanswered": tuple(without) if any(without) else (),
        "bins": _bins(found.confidence[able], labels == predicted),
    }


def _bins(confidence: Tensor, right: Tensor) -> tuple[Bin, ...]:
    """Each from above one border up to the next, as in Guo et al. 2017, section 2."""
    borders = torch.arange(1, BINS, dtype=torch.float64) / BINS
    place = torch.bucketize(confidence, borders)
    images, hits, sums = (
        torch.bincount(place, weights=weights, minlength=BINS).tolist()
        for weights in (torch.ones_like(confidence), right.to(torch.float64), confidence)
    )
    return tuple(
        Bin(images=int(n), right=int(k), confidence=total / n if n else None)
        for n, k, total in zip(images, hits, sums, strict=True)
    )
