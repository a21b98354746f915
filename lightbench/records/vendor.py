"""What the benchmark program of an engine's maker says of the same file."""

from __future__ import annotations

import math

from lightbench.records.noun import Noun


class Vendor(Noun, frozen=True, kw_only=True):
    """``min_s`` is its fastest call: its calls are of other seconds than ours, and on a machine with other work nothing
    else of the two can be compared."""

    tool: str  # "benchmark_app"
    min_s: float

    def __post_init__(self) -> None:
        if not 0 < self.min_s < math.inf:
            raise ValueError(f"a call takes more than 0 s, got {self.min_s!r}")
