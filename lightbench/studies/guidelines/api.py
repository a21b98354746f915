"""The guideline experiments from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Unpack

from lightbench.errors import UnknownName, UsageError
from lightbench.records import Record
from lightbench.runner.how import HowStored, control_of, setup_of, spelled
from lightbench.studies.guidelines import verdict
from lightbench.studies.guidelines.figure import draw
from lightbench.studies.guidelines.figures import by_figure
from lightbench.studies.guidelines.plan import WIDTHS, seconds_of
from lightbench.studies.guidelines.settings import Settings
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.result import Shown
from lightbench.studies.sweep.run import measure_all
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Guidelines(Shown):
    """What `guidelines` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return guidelines_view(self.records)

    def plot(self, name: str | None = None) -> Figure:
        """One guideline drawn: of several, that with a ``name`` such as "g2" at its beginning. Raises UnknownName,
        UsageError where it is not clear which."""
        found = by_figure(self.records)
        chosen = [key for key in found if key.startswith(name or "")]
        if not chosen and name:
            raise UnknownName("figure", name, found, f"There are: {', '.join(found)}.")
        if len(chosen) > 1:
            raise UsageError(
                f"there is a figure for each of {', '.join(chosen)}.", f"Try .plot({chosen[0]!r})."
            )
        return draw(found[chosen[0]] if chosen else ())

    @property
    def findings(self) -> list[verdict.Finding]:
        """One for each guideline, set of channels and width."""
        return verdict.findings(self.records)


@spelled(HowStored)
def guidelines(
    *names: str,
    scale: Literal["quick", "paper"] = "quick",
    channels: Sequence[str] | None = None,
    widths: Sequence[int] = WIDTHS,
    geometry: str | None = None,
    seconds: float | None = None,
    batch: int = 1,
    **how: Unpack[HowStored],
) -> Guidelines:
    """Measure the guideline experiments, ``"g1"`` to ``"g4"`` unless named; also ``"units"`` and
    ``"operators"``.

    ``scale`` "quick" has aligned channels, "paper" also the paper's own and more time; ``channels``
    and ``seconds`` (for a sweep at width 1; wider ones get more) say it in detail. Raises UnknownName, UsageError,
    DeviceUnavailable.
    """
    settings = Settings(
        names=names,
        scale=scale,
        channels=tuple(channels) if channels else None,
        widths=tuple(widths),
        geometry=geometry,
        seconds=seconds,
    )
    records = measure_all(
        settings.plan(),
        setup_of(how, batch=batch),
        seconds=lambda sweep: seconds_of(sweep, settings.each_s),
        control=control_of(how),
    )
    return Guidelines(tuple(records))
