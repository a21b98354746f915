"""What is written while a network learns: a line of JSON for each epoch and, if asked for, TensorBoard's files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from lightbench import files
from lightbench.errors import MissingPackage, how_to_install
from lightbench.studies.train.checkpoint import Epoch

NAME, BOARD = "log.jsonl", "tensorboard"


def write(folder: Path, epochs: Sequence[Epoch]) -> None:
    """All of them: what a training that was killed has left of a later one is gone. Raises StoreError."""
    lines = b"".join(msgspec.json.encode(epoch) + b"\n" for epoch in epochs)
    files.write(folder / NAME, lines)


class Board:
    """TensorBoard's files in a folder, from the epoch on that is next."""

    def __init__(self, folder: Path, following: int) -> None:
        """Raises MissingPackage."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingPackage(
                "tensorboard is not installed, which --tensorboard needs.",
                how_to_install("tensorboard"),
            ) from error
        self.writer: Any = SummaryWriter(str(folder / BOARD), purge_step=following)

    def graph(self, network: nn.Module, image: torch.Tensor) -> None:
        """How the network is built, in eval mode: a norm would learn from the image. Nothing of one that cannot be
        traced."""
        try:
            with (
                warnings.catch_warnings()
            ):  # tracing is deprecated, and warns of what it cannot follow
                warnings.simplefilter("ignore")
                self.writer.add_graph(network.eval(), image)
        except Exception:  # noqa: BLE001  the picture is a help, and no reason to end a training
            return

    def add(self, epoch: Epoch, network: nn.Module) -> None:
        """Curves, and how weights are distributed."""
        for name, value in msgspec.structs.asdict(epoch).items():
            if name != "epoch" and value is not None:
                self.writer.add_scalar(name, value, epoch.epoch)
        for name, weight in network.named_parameters():
            if torch.isfinite(weight).all():
                self.writer.add_histogram(name, weight, epoch.epoch)
        self.writer.flush()

    def close(self) -> None:
        """Nothing follows."""
        self.writer.close()
