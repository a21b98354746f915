"""What can grow: for each axis a point's place on it, what is the same for all points of a series, and what
efficiency means there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from lightbench import units
from lightbench.models.widths import width_of
from lightbench.records import Case, InputSpec, Record

RESOLUTION, WIDTH = "resolution", "width"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``size`` of a record, None where it has none; ``rest`` of its case. Efficiency is throughput, or with
    ``work`` multiply-adds a second, over the first point's, ``divided`` by how many times its size.
    ``knee``: twice the size may pay or not."""

    size: Callable[[Record], float | None]
    rest: Callable[[Case], Case]
    phrase: str
    efficiency: str
    knee: bool = False
    divided: bool = False
    work: bool = False

    def words(self, record: Record) -> str:
        """A point's place: ``batch 8``."""
        size = self.size(record)
        return units.DASH if size is None else self.phrase.format(f"{size:g}")


def _threads(record: Record) -> float | None:
    known: Any = record.case.threads or record.environment.comparable.get("threads")
    return float(known) if isinstance(known, int) else None


def _side(record: Record) -> float | None:
    """Height of the first image; None where there is none that is square."""
    shapes = [spec.shape for spec in record.case.inputs if isinstance(spec, InputSpec)]
    images = [shape for shape in shapes if len(shape) == 3 and shape[1] == shape[2]]
    return float(images[0][1]) if images else None


def _without(**fields: Any) -> Callable[[Case], Case]:
    return lambda case: msgspec.structs.replace(case, **fields)


def _without_width(case: Case) -> Case:
    return msgspec.structs.replace(case, model=width_of(case.model).network)


_WORK = "efficiency: multiply-adds a second, over those of the first row of the series."

AXES: dict[str, Axis] = {
    "batch": Axis(
        size=lambda record: record.case.batch,
        rest=_without(batch=1),
        phrase="batch {}",
        efficiency="efficiency: images a second, over those of the first row of the series.",
        knee=True,
    ),
    "threads": Axis(
        size=_threads,
        rest=_without(threads=None),
        phrase="threads {}",
        efficiency=(
            "efficiency: how many times as fast as the first row of the series, over how many times its threads."
        ),
        knee=True,
        divided=True,
    ),
    RESOLUTION: Axis(
        size=_side, rest=_without(inputs=()), phrase="{0}x{0}", efficiency=_WORK, work=True
    ),
    WIDTH: Axis(
        size=lambda record: width_of(record.case.model).width,
        rest=_without_width,
        phrase="width {}",
        efficiency=_WORK,
        work=True,
    ),
}
