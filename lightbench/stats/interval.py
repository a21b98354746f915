"""A median with its bounds."""

from __future__ import annotations

import math

import msgspec


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A median with its exact 95 % interval; no bounds with too few values."""

    median: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        known = [value for value in (self.low, self.median, self.high) if value is not None]
        if not all(map(math.isfinite, known)):
            raise ValueError(f"an interval is finite, got {known}")
        if len(known) == 2 or known != sorted(known):
            raise ValueError("an interval has both bounds around its median, or none")

    @property
    def rel(self) -> float | None:
        """Half width as a fraction of the median; None where there is none."""
        if self.low is None or self.high is None or not self.median:
            return None
        return (self.high - self.low) / 2 / self.median
