"""MNIST: 70,000 handwritten digits of 28x28 pixels (LeCun et al. 1998)."""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support import from_torchvision

MEAN, STD = (0.1307,), (0.3081,)  # of the 60,000 for learning
SIDE = 28
MIRRORED = False


def split(place: Path | None, *, train: bool) -> Split:
    """60,000 images for learning, 10,000 for testing. Raises UsageError where they are not there and cannot be
    downloaded, and MissingPackage."""
    return from_torchvision.read(
        "MNIST", place, folder="MNIST/raw", needs=from_torchvision.IDX, train=train
    )
