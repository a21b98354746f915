"""What a sweep varies around."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.records.parse import parse_shape
from lightbench.studies.settings import about, check_seconds
from lightbench.studies.sweep.axes import Constant
from lightbench.studies.sweep.plan import Size

SECONDS = 20.0
CHANNELS, MAP = 128, "56x56"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``channels`` of the reference on a map of ``input``; ``constant`` is what all points share."""

    channels: Annotated[int, about("Channels of the reference.")] = CHANNELS
    input: Annotated[str, about("Height and width of the map.", metavar="HxW")] = MAP
    constant: Annotated[
        Constant | None,
        about("What all points share. Default: madds where an axis allows it."),
    ] = None
    seconds: Annotated[float, about("Time for the sweep.")] = SECONDS

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SECONDS)
        _ = self.size

    @property
    def size(self) -> Size:
        """The map's height and width. Raises UsageError."""
        size = parse_shape(self.input)
        if len(size) != 2:
            raise UsageError(f"a map has a height and a width, got {self.input!r}.", f"Try {MAP}.")
        return size[0], size[1]
