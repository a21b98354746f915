"""CIFAR-10: 60,000 photographs of 32x32 pixels in ten classes (Krizhevsky 2009).

Read from ``cifar-10-batches-bin`` (its binary version) or ``cifar-10-batches-py`` in the folder that is named.
"""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support import cifar_binary, from_torchvision

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of the 50,000 for learning
SIDE = 32
MIRRORED = True
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")  # fmt: skip
_LEARN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_NEEDS = "what is in cifar-10-python.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html"


def split(place: Path | None, *, train: bool) -> Split:
    """50,000 images for learning, 10,000 for testing. Raises UsageError where they are not there and cannot be
    downloaded, and MissingPackage."""
    wanted = _LEARN if train else ("test_batch.bin",)
    if files := cifar_binary.where(place, "cifar-10-batches-bin", wanted):
        return Split(cifar_binary.read(files, labels=1, classes=len(CLASSES)), CLASSES)
    return from_torchvision.read(
        "CIFAR10", place, folder="cifar-10-batches-py", needs=_NEEDS, train=train
    )
