"""How large a difference must be to count: the tolerance of a comparison, as a user writes it."""

from __future__ import annotations

from lightbench.errors import UsageError


def check_tolerance(tolerance: float) -> float:
    """The tolerance. Raises UsageError if it is none: 0.02 is 2 %."""
    if (
        isinstance(tolerance, bool)
        or not isinstance(tolerance, (int, float))
        or not 0 <= tolerance < 1
    ):
        raise UsageError(
            f"a tolerance is a fraction from 0 to 1, got {tolerance!r}.", '2 % is 0.02, or "2%".'
        )
    return float(tolerance)
