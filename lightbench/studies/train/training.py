"""A training, epoch by epoch: each learns, is tested, and is kept before the next begins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from lightbench.studies.learned import About
from lightbench.studies.train import batches, checkpoint, log
from lightbench.studies.train.checkpoint import Epoch
from lightbench.studies.train.loop import Learner, Seen, Step, learn, test
from lightbench.studies.train.settings import Settings
from lightbench.studies.train.together import Together, summed

BEST, LAST = "best.pt", "last.pt"

Progress = Callable[[int, Step], None]  # the epoch, from 0 on, and how far it is

Loader = DataLoader[tuple[torch.Tensor, torch.Tensor]]


@dataclass
class Training:
    """What learns, from what, and what it has come to: ``epochs`` are those that are done."""

    folder: Path
    about: About
    settings: Settings
    learner: Learner
    learning: Loader
    order: torch.Generator  # of the images that are learned from
    testing: Loader
    together: Together
    epochs: tuple[Epoch, ...] = ()
    board: log.Board | None = None


def best_of(epochs: tuple[Epoch, ...]) -> Epoch:
    """The first with the highest test accuracy. Raises ValueError without any."""
    return max(epochs, key=lambda epoch: epoch.test_accuracy)


def run(training: Training, progress: Progress) -> None:
    """All epochs that are left. Raises ModelError for a loss that is no number, and StoreError."""
    for epoch in range(len(training.epochs), training.settings.epochs):
        if _is_over(training):
            return
        training.epochs += (_epoch(training, epoch, progress),)
        if training.together.first:
            _keep(training)


def _is_over(training: Training) -> bool:
    """Has the test accuracy not risen for so long that it is given up?"""
    patience = training.settings.patience
    if patience is None or not training.epochs:
        return False
    return len(training.epochs) - best_of(training.epochs).epoch >= patience


def _epoch(training: Training, epoch: int, progress: Progress) -> Epoch:
    learner, together = training.learner, training.together
    begun = time.perf_counter()
    batches.begin(training.learning, training.order, training.settings.seed, epoch)
    steps = len(training.learning)
    learned = learn(learner, training.learning, steps, epoch, lambda step: progress(epoch, step))
    learned = _of_all(learned, together, learner.device)
    lr = learner.optimizer.param_groups[0]["lr"]
    tested = Seen(0.0, 0.0, 0, 0.0)
    if together.first:
        tested = test(learner.tested, training.testing, learner.device)
    loss, accuracy = summed([tested.loss, tested.accuracy], together, learner.device)
    learner.schedule.after_epoch(loss)
    return Epoch(
        epoch=epoch + 1,
        loss=learned.loss,
        accuracy=learned.accuracy,
        test_loss=loss if math.isfinite(loss) else None,
        test_accuracy=accuracy,
        lr=lr,
        images_s=learned.images / learned.seconds,
        time_s=time.perf_counter() - begun,
    )


def _of_all(seen: Seen, together: Together, device: torch.device) -> Seen:
    """What the images of all devices have shown."""
    parts = [seen.loss * seen.images, seen.accuracy * seen.images, seen.images]
    loss, right, images = summed(parts, together, device)
    return Seen(loss / images, right / images, round(images), seen.seconds)


def _keep(training: Training) -> None:
    """The best weights first and where the training stands last: one that is killed in between does the epoch again."""
    training.folder.mkdir(parents=True, exist_ok=True)
    epochs, learner = training.epochs, training.learner
    if best_of(epochs) is epochs[-1]:
        checkpoint.write(training.folder / BEST, training.about, epochs, learner, whole=False)
    log.write(training.folder, epochs)
    checkpoint.write(training.folder / LAST, training.about, epochs, learner, whole=True)
    if training.board is not None:
        training.board.add(epochs[-1], learner.tested)
