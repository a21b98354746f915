"""Which guideline experiments are made, at which widths, and for how long."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.guidelines.plan import SCALES, WIDTHS, plan
from lightbench.studies.settings import about, check_seconds
from lightbench.studies.sweep.plan import Sweep


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``names`` are guidelines, those of `plan.by_default` unless some are named. ``scale`` says how
    much is measured; ``channels`` and ``seconds``, for a sweep at width 1, say it in detail."""

    names: tuple[str, ...] = ()
    scale: Annotated[
        Literal["quick", "paper"],
        about(
            "quick: aligned channels, 3 minutes. paper: also the paper's own channels, and longer."
        ),
    ] = "quick"
    channels: Annotated[
        tuple[str, ...] | None,
        about(
            "aligned (multiples of 16), paper-gpu, paper-arm. Default: as the scale says.",
            metavar="SET[,SET]",
        ),
    ] = None
    widths: Annotated[tuple[int, ...], about("Multiples of the set.")] = WIDTHS
    geometry: Annotated[
        str | None, about("Of G4's bottleneck: quarter (inferred), uniform or wide.")
    ] = None
    seconds: Annotated[
        float | None,
        about("Time for a sweep at x1; wider ones get more. Default: as the scale says."),
    ] = None

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SCALES["quick"].seconds)
        if not self.widths:
            raise UsageError("no width is named.", "Try widths=(1, 2, 4).")
        if self.scale not in SCALES:
            raise UnknownName("scale", self.scale, SCALES, f"Known: {', '.join(SCALES)}.")
        self.plan()

    @property
    def each_s(self) -> float:
        """Seconds for a sweep at width 1."""
        return self.seconds or SCALES[self.scale].seconds

    def plan(self) -> list[Sweep]:
        """The sweeps that are asked for. Raises UnknownName, UsageError."""
        channels = self.channels or SCALES[self.scale].channels
        return plan(self.names, channels=channels, widths=self.widths, geometry=self.geometry)
