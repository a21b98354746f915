"""Numbers as people write them."""

from __future__ import annotations

import math
import re

from lightbench.errors import UsageError


def parse_shape(text: str) -> tuple[int, ...]:
    """Read ``3x224x224``. Raises UsageError for anything that is not positive whole numbers."""
    parts = re.split(r"[xX*]", text.strip())
    if not all(re.fullmatch(r"0*[1-9][0-9]{0,8}", part) for part in parts):
        raise UsageError(
            f"cannot read the input shape {text!r}.",
            "Write it without the batch, as channels x height x width: --input 3x224x224.",
        )
    return tuple(int(part) for part in parts)


def parse_fraction(text: str) -> float:
    """Read ``2%``, ``+2 %`` or ``0.02``. Raises UsageError."""
    digits, percents, rest = text.strip().partition("%")
    try:
        value = float(digits) / (100 if percents else 1)
    except ValueError:
        value = math.nan
    if rest.strip() or not math.isfinite(value):
        raise UsageError(f"cannot read {text!r} as a fraction.", "Write 2% or 0.02.")
    return value
