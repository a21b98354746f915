"""CIFAR's binary layout: of each image its labels, one byte each, then 3,072 bytes: 32 x 32 of red, of green, of blue.

Krizhevsky 2009, "Binary version" of https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lightbench.datasets.support.arrays import Arrays
from lightbench.errors import UsageError

SIDE = 32
_IMAGE = 3 * SIDE * SIDE
_AGAIN = "Download and unpack it again."


def where(place: Path | None, name: str, files: tuple[str, ...]) -> tuple[Path, ...]:
    """These files, in the folder that was named or in that of the archive within it; () if none of them is there.
    Raises UsageError where some are missing."""
    for folder in (place, place / name) if place else ():
        there = [(folder / file).is_file() for file in files]
        if all(there):
            return tuple(folder / file for file in files)
        if any(there):
            missing = [file for file, found in zip(files, there, strict=True) if not found]
            raise UsageError(f"{', '.join(missing)} is not in {str(folder)!r}.", _AGAIN)
    return ()


def read(files: tuple[Path, ...], *, labels: int, classes: int) -> Arrays:
    """Images of files with so many labels of each, of which the last is its class. Raises UsageError for a file that is
    not whole, or has another class."""
    parts = []
    for file in files:
        content = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        if not content.size or content.size % (labels + _IMAGE):
            raise UsageError(
                f"{str(file)!r} has {content.size:,} bytes, which are no whole images of {labels + _IMAGE:,}.",
                _AGAIN,
            )
        parts.append(content.reshape(-1, labels + _IMAGE))
    rows = np.concatenate(parts)
    found = rows[:, labels - 1].astype(np.int64)
    if found.max() >= classes:
        raise UsageError(
            f"{str(files[0].parent)!r} has an image of class {found.max()}, and classes 0 to {classes - 1} are known.",
            _AGAIN,
        )
    pixels = rows[:, labels:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return Arrays(np.ascontiguousarray(pixels), found)
