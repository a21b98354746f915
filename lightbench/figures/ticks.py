"""Round numbers for logarithmic axes."""

from __future__ import annotations

import math


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, fewer in each decade the more decades there are."""
    span = high / low
    digits = (1, 2, 3, 5, 7) if span < 6 else (1, 2, 5) if span < 200 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    found = (digit * 10.0**decade for decade in decades for digit in digits)
    return [tick for tick in found if low <= tick <= high]
