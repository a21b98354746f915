"""A step of training as lightbench does it, beside a loop that is written by hand: the same network, data and optimiser."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import torch
from measure import Claim, estimate, ratio, verdict, with_interval
from torch import nn

import lightbench as lb
from lightbench import units
from lightbench.studies.train import making
from lightbench.studies.train.loop import learn
from lightbench.studies.train.settings import Settings
from lightbench.studies.train.together import Together
from lightbench.views.table import Column, Table

TITLE = "Training"
CASES = ("mobilenet_v1_cifar", "shufflenet_v2_x0_5_cifar")
OURS, BY_HAND = "lightbench", "by hand"
BATCH, STEPS = 16, 5  # of one reading
WITHIN = 0.03

Found = Mapping[str, list[float]]


def readers(case: str) -> dict[str, Callable[[], float]]:
    """Seconds of a step, on the same batches."""
    data = [(torch.randn(BATCH, 3, 32, 32), torch.arange(BATCH) % 10) for _ in range(STEPS)]
    settings = Settings(batch=BATCH, epochs=1000, lr=0.01)
    learner = making.make(
        lb.load_model(case), settings, torch.device("cpu"), Together(), steps=STEPS
    )

    def ours() -> float:
        begun = time.perf_counter()
        learn(learner, data, STEPS, 0, lambda _step: None)
        return (time.perf_counter() - begun) / STEPS

    return {OURS: ours, BY_HAND: partial(_by_hand(case), data)}


def _by_hand(case: str) -> Callable[[list[tuple[torch.Tensor, torch.Tensor]]], float]:
    """As PyTorch's own tutorial has it, with the mean loss and the accuracy of an epoch."""
    network = lb.load_model(case)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=1000 * STEPS)
    criterion = nn.CrossEntropyLoss()

    def epoch(data: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
        begun = time.perf_counter()
        network.train()
        total, right = 0.0, 0
        for x, y in data:
            optimizer.zero_grad()
            answers = network(x)
            loss = criterion(answers, y)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(y)
            right += int((answers.argmax(1) == y).sum().item())
        return (time.perf_counter() - begun) / STEPS

    return epoch


def claims(case: str, found: Found) -> list[Claim]:
    """Ours over that by hand."""
    return [Claim(case, ratio(found[BY_HAND], found[OURS]), at_most=1 + WITHIN)]


def table(results: Mapping[str, Found]) -> Table:
    """A row a network."""
    rows = []
    for case, found in results.items():
        (claim,) = claims(case, found)
        steps = with_interval(units.seconds)(estimate(found[OURS]))
        rows.append((case, steps, with_interval(units.number)(claim.found), verdict([claim])))
    return Table(
        title=TITLE,
        columns=(
            Column("network", "network", align="left"),
            Column("step", "a step of lightbench"),
            Column("ratio", "over one by hand"),
            Column("verdict", "verdict", align="left"),
        ),
        rows=tuple(rows),
        notes=(
            f"A step of {BATCH} images of 32x32 costs at most {units.percent(WITHIN)} more than in a loop by hand.",
        ),
    )
