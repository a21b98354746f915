"""The noise of a machine from Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from lightbench.errors import UsageError
from lightbench.runner.how import How, control_of, said, spelled
from lightbench.stats.bootstrap import Odds
from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.noise.drawing import draw_noise
from lightbench.studies.noise.measure import MODEL, Noise, measure_noise
from lightbench.studies.noise.settings import SECONDS, Settings
from lightbench.studies.noise.table import noise_view
from lightbench.studies.result import Shown
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class NoiseResult(Shown):
    """What `noise` measured; ``found`` has all of it, samples included."""

    found: Noise

    @property
    def view(self) -> View:  # type: ignore[override]
        return noise_view(self.found)

    def plot(self) -> Figure:
        """What gates of 5, 20 and 60 s find. Raises UsageError where too little was measured."""
        return draw_noise(self.found, self.view.table.title)

    @property
    def gates(self) -> tuple[Odds | None, ...]:
        """What gates of 5, 20 and 60 s say here: ``alarm_rate`` and ``smallest`` are fractions. None
        where less was measured than that takes."""
        return self.found.wall

    @property
    def interrupted(self) -> bool:
        """Was it ended by Ctrl-C, with what was known by then?"""
        return self.found.interrupted


@spelled(How)
def noise(
    model: str = MODEL,
    *,
    batch: int = 1,
    tolerance: float = TOLERANCE,
    seconds: float = SECONDS,
    trusted: bool = True,
    **how: Unpack[How],
) -> NoiseResult:
    """How noisy is this machine? What a gate on latency would say here of identical code, and of code
    that is about 4 % slower.

    ``model`` is a name (see `load_model`). It is timed for ``seconds`` beside a copy of itself and
    beside one with more to do; from these pairs gates of 5, 20 and 60 s are drawn, which take a
    difference up to ``tolerance`` (0.02 is 2 %) for none. After Ctrl-C the result is of what there was
    until then, or KeyboardInterrupt if that is less than 5 s of pairs. Raises UsageError, UnknownName,
    ModelError, OutOfMemory, DeviceUnavailable.
    """
    if not isinstance(model, str):
        raise UsageError(
            f"noise builds its network more than once, by its name, got {type(model).__name__}.",
            'Try "mobilenet_v2", or "path/file.py:Class".',
        )
    found = measure_noise(
        model,
        Settings(tolerance=tolerance, seconds=seconds),
        control_of(how, trusted=trusted),
        batch=batch,
        **said(how),
    )
    return NoiseResult(found)
