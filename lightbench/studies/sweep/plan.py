"""What a sweep is: points that differ in one thing, of which one is the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Settings = Mapping[str, int | str | bool]
Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Point:
    """One network of a sweep: what it is called there, and the stack that it is.

    ``size`` is the height and width of its input and ``batch`` its batch, where those are what
    differs; None follows the run. ``note`` says where a number had to be rounded.
    """

    label: str
    stack: str
    settings: Settings
    size: Size | None = None
    batch: int | None = None
    note: str = ""

    @property
    def model(self) -> str:
        """The name that `sources.find` knows it under: ``stack:grouped(c=64, groups=4)``."""
        return f"stack:{self.stack}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"


@dataclass(frozen=True)
class Sweep:
    """Points to be timed together. Raises ValueError if the reference is not one of them.

    ``equal_madds`` is by what fraction their multiply-adds may differ from the reference's, None
    where they are meant to; with ``per_madd`` what counts is the time per multiply-add. With
    ``launch``, every point is also timed on a map of one pixel: the
    same operators with next to no work, which is the time it takes to start them.
    """

    experiment: str
    points: tuple[Point, ...]
    reference: str
    channels: str = ""
    width: int = 1
    equal_madds: float | None = None
    per_madd: bool = False
    launch: bool = False

    def __post_init__(self) -> None:
        labels = [point.label for point in self.points]
        if labels.count(self.reference) != 1 or len(set(labels)) != len(labels):
            raise ValueError(f"a sweep needs distinct points, one of them {self.reference!r}")

    @property
    def title(self) -> str:
        """What a progress line calls it: ``g1_channel_ratio aligned x2``."""
        parts = (self.experiment, self.channels, f"x{self.width}" if self.width > 1 else "")
        return " ".join(filter(None, parts))
