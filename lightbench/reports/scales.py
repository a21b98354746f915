"""Of how much one is written as 1 in a column of numbers: of seconds under "(ms)" it is 0.001."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

PLAIN = re.compile(r"(-?[\d,]*\.?\d+)(?: %)?")


def scale_of(cells: Iterable[tuple[float, str]]) -> float:
    """By values and their texts. Where a text has a unit of its own (145.8 M), and where there are no numbers, it is 1."""
    scales = []
    for value, text in cells:
        found = PLAIN.fullmatch(text)
        written = float(found[1].replace(",", "")) if found else 0.0
        if value and written:
            scales.append(round(math.log10(abs(value / written))))
    return 10.0 ** max(set(scales), key=scales.count, default=0)
