"""Sweeps from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.records.parse import parse_shape
from lightbench.runner.control import Say
from lightbench.runner.given import setup_of
from lightbench.runner.setup import check_seconds
from lightbench.studies.result import Shown
from lightbench.studies.sweep.axes import check_channels, plan_axis
from lightbench.studies.sweep.relative import Relative, crossover, relatives
from lightbench.studies.sweep.run import measure_all
from lightbench.studies.sweep.table import sweep_view
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class SweepResult(Shown):
    """What `sweep` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

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


def sweep(
    axis: str,
    *,
    channels: int = 128,
    input: str = "56x56",  # noqa: A002  the word of the command line
    constant: str | None = None,
    seconds: float = 20.0,
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
) -> SweepResult:
    """Sweep one axis of `sweep.axes.AXES` for about ``seconds``.

    ``input`` is height x width of the map, ``constant`` "madds" or "width", where an axis has both.
    Raises UnknownName, UsageError, DeviceUnavailable.
    """
    check_seconds(seconds)
    if axis == "resolution" and input != "56x56":
        raise UsageError(
            "the resolution is what is swept: it takes no input.", "Leave --input out."
        )
    if axis == "batch" and batch != 1:
        raise UsageError("the batch is what is swept: it takes none.", "Leave --batch out.")
    size = parse_shape(input)
    if len(size) != 2:
        raise UsageError(f"a map has a height and a width, got {input!r}.", "Try 56x56.")
    sweep = plan_axis(axis, channels, constant, (size[0], size[1]))
    check_channels(axis, channels, constant)
    records = measure_all(
        [sweep],
        setup_of(
            device=device,
            engine=engine,
            threads=threads,
            dtype=dtype,
            channels_last=channels_last,
            batch=batch,
        ),
        seconds=lambda _sweep: seconds,
        seed=seed,
        stored=stored,
        say=say,
        progress=progress,
        keep=keep,
        force=force,
    )
    return SweepResult(tuple(records))
