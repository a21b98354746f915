"""How far a network is scaled, and how well each point is to be known."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.studies.profile.settings import REL, SECONDS
from lightbench.studies.settings import about, check_seconds
from lightbench.timing.stopping import Rule


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``resolution``: heights of square images; ``width``: multipliers that the network's builder takes.
    Rounds end when every median is known within ``rel``, or after ``seconds`` for each point."""

    resolution: Annotated[
        tuple[int, ...] | None, about("Height and width of square images. Default: its own.")
    ] = None
    width: Annotated[
        tuple[float, ...] | None, about("Width multipliers of the network. Default: its own.")
    ] = None
    rel: Annotated[float, about("Wanted half width of the median's interval.")] = REL
    seconds: Annotated[float, about("Time for each point.")] = SECONDS

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SECONDS)
        Rule(rel=self.rel)  # raises UsageError
        for side in self.resolution or ():
            if isinstance(side, bool) or not isinstance(side, int) or side < 1:
                raise UsageError(
                    f"a resolution is a whole number above zero, got {side!r}.",
                    "Try --resolution 128,224.",
                )
        for width in self.width or ():
            if not (isinstance(width, (int, float)) and math.isfinite(width) and width > 0):
                raise UsageError(
                    f"a width is a number above zero, got {width!r}.", "Try --width 0.5,1."
                )
