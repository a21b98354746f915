"""Evaluations whose numbers are known by hand: as records, and as networks whose answer to each image is written down."""

from __future__ import annotations

import json
from types import SimpleNamespace

import msgspec
import torch
from torch import nn

import lightbench as lb
from lightbench.datasets import Data, Split
from lightbench.datasets.support.arrays import Arrays
from lightbench.records.findings import Bin, Evaluation

TEN = tuple("0123456789")


def evaluation(confusion=((8, 2), (1, 9)), *, confidence=0.9, right5=None, **more):
    """All answers are as confident, so that they are in one bin."""
    n = len(confusion)
    right = sum(confusion[i][i] for i in range(n))
    answered = sum(map(sum, confusion))
    known = {
        "run": "one",
        "data": "digits",
        "weights": "best.pt",
        "digest": "3fa9c1d2",
        "images": answered + sum(more.get("unanswered", ())),
        "right": right,
        "right5": (right if right5 is None else right5) if n > 5 else None,
        "loss": 0.5,
        "classes": TEN[:n] if n <= 10 else tuple(map(str, range(n))),
        "confusion": confusion,
        "bins": (Bin(images=answered, right=right, confidence=confidence if answered else None),),
    }
    return Evaluation(**{**known, **more})


def evaluated(make_record, model="net", *, found=None, **case):
    """The record of an evaluation, of the same network that ``make_record(model)`` is of."""
    record = make_record(model, sweep=found or evaluation(), **{"batch": 100, **case})
    return msgspec.structs.replace(record, samples=None, latency=None, run=None)


def of(right, images=100, **more):
    """So many right of two classes."""
    return evaluation(((right, images - right), (0, 0)), **more)


# Networks whose answers are a table.


class Lookup(nn.Module):
    """Answers image i, all of whose pixels are i, with row i of ``table``."""

    def __init__(self, table=None, classes=3, images=40):
        super().__init__()
        self.register_buffer("table", torch.zeros(images, classes) if table is None else table)

    def forward(self, x):
        return self.table[(x.mean(dim=(1, 2, 3)) * 255).round().long()]


def answering(answers, classes=3, *, sure=4.0, images=40):
    """A table with which image i is answered with ``answers[i]``."""
    table = torch.zeros(images, classes)
    for i, answer in enumerate(answers):
        table[i, answer] = sure
    return table


def data_of(labels, classes=3, *, name="made", broken=(), side=4, learning=None):
    """A data set of such images; those that are ``broken`` raise."""
    import numpy as np

    pixels = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones(
        (1, side, side), np.uint8
    )

    class Images(Arrays):
        def __getitem__(self, index):
            if index in broken:
                raise OSError("broken data stream when reading image file")
            return super().__getitem__(index)

    def split(_place, *, train):
        if train and learning is not None:
            return Split(learning, tuple("abcdefghij"[:classes]))
        return Split(Images(pixels, np.array(labels)), tuple("abcdefghij"[:classes]))

    plugin = SimpleNamespace(MEAN=(0.0,), STD=(1.0,), SIDE=side, MIRRORED=False, split=split)
    return Data(name, None, plugin)


LABELS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]  # of ten images


def evaluate(model, **how):
    """Of whatever data are in use."""
    return lb.evaluate(model, **{"data": "made", "input": "1x4x4", "threads": 1, **how})


def about(**changes):
    """What training notes beside weights."""
    known = {
        "model": "Lookup", "data": "made", "classes": ["a", "b", "c"], "seed": 5, "settings": {},
        "preparation": {"side": 4, "mean": [0.0], "std": [1.0]},
    }  # fmt: skip
    return json.dumps(known | changes)
