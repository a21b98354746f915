"""Fashion-MNIST: 70,000 pieces of clothing of 28x28 pixels in ten classes (Xiao et al. 2017)."""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support import from_torchvision

MEAN, STD = (0.2860,), (0.3530,)  # of the 60,000 for learning
SIDE = 28
MIRRORED = True


def split(place: Path | None, *, train: bool) -> Split:
    """60,000 images for learning, 10,000 for testing. Raises UsageError where they are not there and cannot be
    downloaded, and MissingPackage."""
    return from_torchvision.read(
        "FashionMNIST", place, folder="FashionMNIST/raw", needs=from_torchvision.IDX, train=train
    )
