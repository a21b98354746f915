"""What networks learn from and are tested on: one data set a file, ``name`` or ``name:PATH`` as users write it.

A data set has

- ``MEAN`` and ``STD`` of each channel, of values from 0 to 1: one of them for grey images, three for colours,
- ``SIDE``: height and width of its images; None where each has its own,
- ``MIRRORED``: is an image seen in a mirror still of its class? A digit is not,
- ``split(place, *, train) -> Split``: the images for learning, or those for testing, in the folder ``place``; None
  where none was named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lightbench import registry
from lightbench.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

DATA_SET = "data set"


class Images(Protocol):
    """What PyTorch calls a map-style data set."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Image, int]: ...


class Split(NamedTuple):
    """Images with the number of each one's class; ``classes`` are their names."""

    images: Images
    classes: tuple[str, ...]
    files: Sequence[
        str
    ] = ()  # where each image is read from when it is asked for; (): all are in memory

    def check(self, say: Callable[[str], None] = lambda _text: None) -> None:
        """Look at each file, before anything is computed from the first; ``say`` is told how many it has seen, which takes
        minutes for a million. Raises UsageError that names broken ones."""
        from lightbench.datasets.support import whole

        whole.check(self.files, say)


class Data(NamedTuple):
    """A data set as it was named."""

    name: str
    place: Path | None
    plugin: ModuleType

    def split(self, *, train: bool) -> Split:
        """Images for learning, or for testing. Raises UsageError for data that are not there or cannot be used, and
        MissingPackage."""
        try:
            found: Split = self.plugin.split(self.place, train=train)
        except OSError as error:
            raise UsageError(
                f"{self.name} cannot be read: {error}.",
                "Look at that file: is it there, and may you read it?",
            ) from error
        return found

    @property
    def text(self) -> str:
        """As users write it."""
        return f"{self.name}:{self.place}" if self.place else self.name

    @property
    def channels(self) -> int:
        """Of an image: 1 or 3."""
        return len(self.plugin.MEAN)


def find(text: str) -> Data:
    """``digits``, ``cifar10``, ``cifar10:PATH``. Nothing is read yet. Raises UnknownName, UsageError."""
    name, colon, place = text.partition(":")
    if name not in registry.names(DATA_SET):
        folder = (
            f"For a folder of images: imagefolder:{text}. " if text and Path(text).is_dir() else ""
        )
        raise UnknownName(
            DATA_SET,
            name,
            registry.names(DATA_SET),
            f"{folder}`lightbench list data` shows them all.",
        )
    if colon and not place:
        raise UsageError(f"no folder follows the colon of {text!r}.", f"Try {name}:PATH.")
    return Data(name, Path(place).expanduser() if place else None, registry.load(DATA_SET, name))
