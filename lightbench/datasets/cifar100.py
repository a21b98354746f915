"""CIFAR-100: 60,000 photographs of 32x32 pixels in a hundred classes (Krizhevsky 2009).

Read from ``cifar-100-binary`` or ``cifar-100-python`` in the folder that is named.
"""

from __future__ import annotations

from pathlib import Path

from lightbench.datasets import Split
from lightbench.datasets.support import cifar_binary, from_torchvision

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)  # of the 50,000 for learning
SIDE = 32
MIRRORED = True
CLASSES = 100
_NEEDS = "what is in cifar-100-python.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html"


def split(place: Path | None, *, train: bool) -> Split:
    """50,000 images for learning, 10,000 for testing. Raises UsageError where they are not there and cannot be
    downloaded, and MissingPackage."""
    wanted = ("train.bin" if train else "test.bin",)
    if files := cifar_binary.where(place, "cifar-100-binary", wanted):  # label bytes: coarse, fine
        return Split(cifar_binary.read(files, labels=2, classes=CLASSES), _names(files[0].parent))
    return from_torchvision.read(
        "CIFAR100", place, folder="cifar-100-python", needs=_NEEDS, train=train
    )


def _names(folder: Path) -> tuple[str, ...]:
    """As the file beside the images says; numbers where it does not."""
    file = folder / "fine_label_names.txt"
    named = tuple(file.read_text(encoding="utf-8").split()) if file.is_file() else ()
    return named if len(named) == CLASSES else tuple(map(str, range(CLASSES)))
