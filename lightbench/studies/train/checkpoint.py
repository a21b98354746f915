"""Where a training stands, as a file in which nothing but data can be."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch

from lightbench import files
from lightbench.errors import UsageError
from lightbench.records.noun import Noun
from lightbench.studies.learned import About
from lightbench.studies.train.loop import Learner


class Epoch(Noun, frozen=True, kw_only=True):
    """A row of the log: losses are means over images, accuracies shares of them. A test loss that is no number is None."""

    epoch: int  # the first is 1
    loss: float
    accuracy: float
    test_loss: float | None
    test_accuracy: float
    lr: float  # of the last step
    images_s: float  # in learning
    time_s: float  # learning and testing


class Kept(NamedTuple):
    """What a checkpoint holds."""

    about: About
    epochs: tuple[Epoch, ...]
    weights: dict[str, Any]  # of the network that is tested
    state: dict[str, Any]  # of everything that goes on from here


def write(
    path: Path, about: About, epochs: tuple[Epoch, ...], learner: Learner, *, whole: bool
) -> None:
    """As `models.weights` reads it, with what a training goes on from where it is ``whole``. Raises StoreError; whatever
    happens the file is the old one or the new."""
    content: dict[str, Any] = {
        "about": msgspec.json.encode(about).decode(),
        "epochs": msgspec.json.encode(epochs).decode(),
        "weights": learner.tested.state_dict(),
    }
    if whole:
        content["state"] = {
            "network": learner.network.state_dict(),
            "optimizer": learner.optimizer.state_dict(),
            "schedule": learner.schedule.scheduler.state_dict(),
            "scaler": learner.scaler.state_dict(),
            "averaged": learner.average.n_averaged if learner.average is not None else None,
        }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files.write(path, buffer.getvalue())


def read(path: Path) -> Kept:
    """Raises UsageError for a file that is none of ours, or that holds more than data."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        about = msgspec.json.decode(found["about"], type=About)
        epochs = msgspec.json.decode(found["epochs"], type=tuple[Epoch, ...])
        return Kept(about, epochs, found["weights"], found["state"])
    except Exception as error:  # whatever a damaged or made-up file leads to
        raise UsageError(
            f"{str(path)!r} is no checkpoint of `lightbench train`, or is damaged.",
            "Name another folder, or begin anew with --force.",
        ) from error


def restore(learner: Learner, kept: Kept) -> None:
    """Go on where the file was written. Raises UsageError for one of another network."""
    state = kept.state
    try:
        learner.network.load_state_dict(state["network"])
        learner.optimizer.load_state_dict(state["optimizer"])
        learner.schedule.scheduler.load_state_dict(state["schedule"])
        learner.scaler.load_state_dict(state["scaler"])
        if learner.average is not None:
            learner.average.module.load_state_dict(kept.weights)
            learner.average.n_averaged.copy_(state["averaged"])
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise UsageError(
            f"the checkpoint is of another training: {str(error).splitlines()[0]}",
            "Name another folder, or begin anew with --force.",
        ) from error
