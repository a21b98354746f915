"""The guideline experiments from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lightbench.errors import UnknownName, UsageError
from lightbench.records import Record
from lightbench.runner.control import Say
from lightbench.runner.given import setup_of
from lightbench.runner.setup import check_seconds
from lightbench.studies.guidelines import verdict
from lightbench.studies.guidelines.plan import SCALES, WIDTHS, plan, seconds_of
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.result import Shown
from lightbench.studies.sweep.run import measure_all
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Guidelines(Shown):
    """What `guidelines` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return guidelines_view(self.records)

    @property
    def findings(self) -> list[verdict.Finding]:
        """One for each guideline, set of channels and width."""
        return verdict.findings(self.records)


def guidelines(
    *names: str,
    scale: str = "quick",
    channels: Sequence[str] | None = None,
    widths: Sequence[int] = WIDTHS,
    geometry: str | None = None,
    seconds: float | None = None,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    batch: int = 1,
    dtype: str | torch.dtype = "float32",
    channels_last: bool = False,
    seed: int | None = None,
    stored: Sequence[Record] = (),
    say: Say = lambda _text: None,
    progress: Callable[[Any], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    force: bool = False,
) -> Guidelines:
    """Measure the guideline experiments, ``"g1"`` to ``"g4"`` unless named; also ``"units"`` and
    ``"operators"``.

    ``scale`` "quick" has aligned channels, "paper" also the paper's own and more time; ``channels``
    and ``seconds`` (for a sweep at width 1; wider ones get more) say it in detail. Raises UnknownName, UsageError,
    DeviceUnavailable.
    """
    check_seconds(seconds)
    if not widths:
        raise UsageError("no width is named.", "Try widths=(1, 2, 4).")
    if scale not in SCALES:
        raise UnknownName("scale", scale, SCALES, f"Known: {', '.join(SCALES)}.")
    records = measure_all(
        plan(
            names,
            channels=channels or SCALES[scale].channels,
            widths=widths,
            geometry=geometry,
        ),
        setup_of(
            device=device,
            engine=engine,
            threads=threads,
            dtype=dtype,
            channels_last=channels_last,
            batch=batch,
        ),
        seconds=lambda sweep: seconds_of(sweep, seconds or SCALES[scale].seconds),
        seed=seed,
        stored=stored,
        say=say,
        progress=progress,
        keep=keep,
        force=force,
    )
    return Guidelines(tuple(records))
