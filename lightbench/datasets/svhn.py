"""SVHN: 99,289 digits of house numbers, photographs of 32x32 pixels (Netzer et al. 2011)."""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support import from_torchvision

MEAN, STD = (0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)  # of the 73,257 for learning
SIDE = 32
MIRRORED = False


def split(place: Path | None, *, train: bool) -> Split:
    """73,257 images for learning, 26,032 for testing. Raises UsageError where they are not there and cannot be
    downloaded, and MissingPackage: torchvision reads them by scipy."""
    which = "train" if train else "test"
    needs = f"{which}_32x32.mat of http://ufldl.stanford.edu/housenumbers"
    return from_torchvision.read("SVHN", place, needs=needs, split=which)
