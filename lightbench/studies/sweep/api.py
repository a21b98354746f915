"""Sweeps from Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.runner.how import HowStored, control_of, setup_of, spelled
from lightbench.studies.result import Shown
from lightbench.studies.sweep.axes import Constant, check_channels, plan_axis
from lightbench.studies.sweep.relative import Relative, crossover, relatives
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.sweep.settings import CHANNELS, MAP, SECONDS, Settings
from lightbench.studies.sweep.table import sweep_view
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class SweepResult(Shown):
    """What `sweep` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    drawn_as = "sweep"

    @property
    def view(self) -> View:  # type: ignore[override]
        return sweep_view(self.records)

    @property
    def points(self) -> list[Relative]:
        """Every point beside the reference."""
        return relatives(self.records)

    @property
    def crossover(self) -> Relative | None:
        """The first point that is slower than the reference by more than its interval."""
        return crossover(self.points)


@spelled(HowStored)
def sweep(
    axis: str,
    *,
    channels: int = CHANNELS,
    input: str = MAP,  # noqa: A002  the word of the command line
    constant: Constant | None = None,
    seconds: float = SECONDS,
    batch: int = 1,
    **how: Unpack[HowStored],
) -> SweepResult:
    """Sweep one axis of `sweep.axes.AXES` for about ``seconds``.

    ``input`` is height x width of the map, ``constant`` "madds" or "width", where an axis has both.
    Raises UnknownName, UsageError, DeviceUnavailable.
    """
    settings = Settings(channels=channels, input=input, constant=constant, seconds=seconds)
    if axis == "resolution" and input != MAP:
        raise UsageError(
            "the resolution is what is swept: it takes no input.", "Leave --input out."
        )
    if axis == "batch" and batch != 1:
        raise UsageError("the batch is what is swept: it takes none.", "Leave --batch out.")
    sweep = plan_axis(axis, channels, constant, settings.size)
    check_channels(axis, channels, constant)
    records = measure_all(
        [sweep],
        setup_of(how, batch=batch),
        seconds=lambda _sweep: seconds,
        control=control_of(how),
    )
    return SweepResult(tuple(records))
