"""Why a part takes its time: what it attains, and what the peaks of the device say that it waits for.

Peaks are another study's: whoever has them hands them over as `Why`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from lightbench import units
from lightbench.records import Record
from lightbench.studies.layers.shares import Part
from lightbench.views.table import Column, own_words

ROOFLINE = "the least time that the peaks allow, over the time."
BOUND = "compute, memory, or launch, where starting operators takes longest."


NO_PEAKS = (
    "bound by: not known without the device's peaks: `lightbench roofline --store peaks.jsonl`, then"
    " `--roofline peaks.jsonl`."
)


class Below(NamedTuple):
    """Where a part stands below the peaks; None: not known."""

    bound: str | None = None  # "compute", "memory" or "launch"
    efficiency: float | None = None  # of its roofline
    roofline_s: float | None = None


@dataclass(frozen=True)
class Why:
    """``below`` says it of a part of a record, ``sentences`` what a reader must know of that."""

    below: Callable[[Part], Below] = lambda _part: Below()
    sentences: tuple[str, ...] = (NO_PEAKS,)


UNSAID = Why(sentences=())

WHY = (
    Column("bound", "bound by", own_words, align="left", sparse=True, about=BOUND),
    Column("efficiency", "of roofline", units.percent, drop=1, sparse=True, about=ROOFLINE),
    Column("madds_per_s", "GMAdds/s", lambda value: units.number(value / 1e9), drop=3),
    Column("bytes_per_s", "GB/s", lambda value: units.number(value / 1e9), drop=4),
    Column("roofline_s", "roofline (s)", shown=False),
)


def why_cells(part: Part, record: Record, why: Why) -> tuple[Any, ...]:
    """The cells of `WHY`."""
    return tuple(why_data(part, record, why).values())


def why_data(part: Part, record: Record, why: Why) -> dict[str, Any]:
    """The same by their keys. What is moved is what its engine moves."""
    below = why.below(part)
    moved = part.fused_bytes if record.kernels else part.mem_bytes
    return {
        "bound": below.bound,
        "efficiency": below.efficiency,
        "madds_per_s": _rate(part.madds, part),
        "bytes_per_s": _rate(moved, part),
        "roofline_s": below.roofline_s,
    }


def _rate(amount: int, part: Part) -> float | None:
    """None where it has no operators, or takes no time that the clock can tell."""
    return amount / part.time_s if part.ops and part.time_s else None
