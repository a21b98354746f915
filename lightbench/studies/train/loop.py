"""The loop: an epoch of learning, and one of testing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from lightbench.errors import ModelError
from lightbench.studies.train.schedules import Schedule

Batches = Iterable[tuple[Tensor, Tensor]]
LOOK = 20  # steps; an accelerator is waited for to see a loss, which it need not be at each


class Step(NamedTuple):
    """How far an epoch of learning is: means over its images so far."""

    step: int
    steps: int
    loss: float
    accuracy: float  # a share
    lr: float
    images_s: float
    step_s: float  # seconds


class Seen(NamedTuple):
    """What all images of an epoch have shown."""

    loss: float  # mean over images
    accuracy: float  # share of images
    images: int
    seconds: float


@dataclass
class Learner:
    """Everything that changes while a network learns. ``running`` is the network as it is run: compiled, or on several
    devices; ``average`` is that of its weights, if there is one."""

    network: nn.Module
    running: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    loss: nn.Module
    device: torch.device
    autocast: Callable[[], AbstractContextManager[Any]]
    scaler: torch.amp.GradScaler
    clip: float | None = None
    average: AveragedModel | None = None

    @property
    def tested(self) -> nn.Module:
        """The network that is tested, and whose weights are kept."""
        return self.network if self.average is None else self.average.module


def learn(
    learner: Learner, batches: Batches, steps: int, epoch: int, said: Callable[[Step], None]
) -> Seen:
    """One epoch. Raises ModelError where the loss is no number: learning has diverged."""
    learner.running.train()
    total, right, images, begun = 0.0, 0, 0, time.perf_counter()
    losses: list[Tensor] = []  # of steps that are not looked at yet, with their images
    hits, sizes = [], []
    for number, (x, y) in enumerate(batches, start=1):
        lr = learner.optimizer.param_groups[0]["lr"]
        answers, loss = _step(learner, x, y)
        losses.append(loss)
        hits.append((answers.argmax(1) == y.to(learner.device)).sum())
        sizes.append(len(y))
        if number % LOOK and number < steps and learner.device.type != "cpu":
            continue
        values = torch.stack(losses).tolist()
        _check_finite(values, epoch, number - len(values))
        total += math.fsum(v * n for v, n in zip(values, sizes, strict=True))
        right += int(torch.stack(hits).sum())
        images += sum(sizes)
        losses, hits, sizes = [], [], []
        taken = time.perf_counter() - begun
        said(
            Step(number, steps, total / images, right / images, lr, images / taken, taken / number)
        )
    return Seen(total / images, right / images, images, time.perf_counter() - begun)


def _step(learner: Learner, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Forward, backward, and a step of the optimiser; gives the answers and the loss."""
    x = x.to(learner.device, non_blocking=True)
    y = y.to(learner.device, non_blocking=True)
    learner.optimizer.zero_grad(set_to_none=True)
    with learner.autocast():
        answers = learner.running(x)
        loss = learner.loss(answers, y)
    learner.scaler.scale(loss).backward()
    if learner.clip is not None:
        learner.scaler.unscale_(learner.optimizer)
        nn.utils.clip_grad_norm_(learner.network.parameters(), learner.clip)
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    learner.schedule.after_step()
    if learner.average is not None:
        learner.average.update_parameters(learner.network)
    return answers.detach(), loss.detach()


def _check_finite(losses: list[float], epoch: int, before: int) -> None:
    """Raises ModelError for the first loss that is no number, ``before`` so many steps."""
    for i, loss in enumerate(losses):
        if not math.isfinite(loss):
            raise ModelError(
                f"learning has diverged: the loss is {loss} in epoch {epoch + 1}, step {before + i + 1}.",
                "Try a lower --lr, --clip 1, or --schedule cosine:warmup=5.",
            )


@torch.inference_mode()
def test(network: nn.Module, batches: Batches, device: torch.device) -> Seen:
    """Loss without smoothing, and accuracy, of every image once."""
    network.eval()
    losses, right, images, begun = [], [], 0, time.perf_counter()
    for x, y in batches:
        x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)  # noqa: PLW2901
        answers = network(x).float()
        losses.append(nn.functional.cross_entropy(answers, y, reduction="sum"))
        right.append((answers.argmax(1) == y).sum())
        images += len(y)
    total = math.fsum(torch.stack(losses).tolist())
    return Seen(
        total / images, int(torch.stack(right).sum()) / images, images, time.perf_counter() - begun
    )
