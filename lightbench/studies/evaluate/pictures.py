"""The images of a data set, ready for networks: some at a time, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lightbench.datasets import Data, Split
from lightbench.datasets.support.preparation import Preparation, seen
from lightbench.errors import UsageError
from lightbench.runner.conversion.calibration_files import evenly, name_of
from lightbench.units import unicode


class Batch(NamedTuple):
    """``labels`` are N classes; ``images`` are N x C x H x W for each way in which they are made ready."""

    labels: Tensor
    images: dict[Preparation, Tensor]


def batches(split: Split, size: int, ways: Sequence[Preparation]) -> Iterator[Batch]:
    """All images of ``split``, at most ``size`` at a time: the last batch has what is left. Raises UsageError for an image
    that cannot be read, and for a class that is none."""
    number = len(split.images)
    for first in range(0, number, size):
        yield batch(split, range(first, min(first + size, number)), ways)


def batch(split: Split, places: Sequence[int], ways: Sequence[Preparation]) -> Batch:
    """The images at these places. Raises UsageError."""
    sights = {how: seen(how) for how in ways}
    labels, images = [], {how: list[Tensor]() for how in ways}
    for place in places:
        try:
            image, label = split.images[place]
            for how, see in sights.items():
                images[how].append(see(image))
        except (
            OSError,
            ValueError,
            RuntimeError,
            SyntaxError,
        ) as error:  # Pillow raises all of them
            raise UsageError(
                f"image {place} of {len(split.images)} cannot be read: {_first_line(error)}.",
                "Repair or remove it, then try again.",
            ) from error
        if not 0 <= label < len(split.classes):
            raise UsageError(
                f"image {place} is of class {label}, and there are {len(split.classes)}.",
                "Download the data again.",
            )
        labels.append(label)
    return Batch(torch.tensor(labels), {how: torch.stack(own) for how, own in images.items()})


def padded(images: Tensor, size: int) -> Tensor:
    """``size`` images, of which those behind the given ones are the first one again: an engine's file is for so many."""
    missing = size - len(images)
    return torch.cat([images, images[:1].expand(missing, *images.shape[1:])]) if missing else images


def save_some(data: Data, how: Preparation, folder: Path) -> tuple[str, int]:
    """Images for learning as a file that int8 is calibrated on, and how many: evenly from all. Raises UsageError."""
    import numpy as np

    split = data.split(train=True)
    some = batch(split, evenly(len(split.images)), [how]).images[how]
    file = folder / f"{data.name}.npy"
    np.save(file, some.numpy(), allow_pickle=False)
    return str(file), len(some)


def called(data: Data) -> str:
    """A data set's name in a record, without where it is: "digits"; of folders of images also the folder's own."""
    if data.place is None or data.plugin.SIDE is not None:
        return data.name
    return f"{data.name}:{name_of(str(data.place))}"


def _first_line(error: Exception) -> str:
    return unicode(str(error)).partition("\n")[0].rstrip(". ") or type(error).__name__
