"""Numbers to text for people, and text to numbers; nothing else in lightbench formats a number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DASH = "-"  # how an unknown value prints, everywhere

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _significant(value: float, digits: int) -> str:
    """``value`` with about ``digits`` significant digits and no exponent: 3 digits of 14.237 is 14.2."""
    if value == 0:
        return "0"
    rounded = _rounded(value, digits)
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{rounded:,.{decimals}f}"


@dataclass(frozen=True)
class Scale:
    """The units that one column of a table may have; all of its rows have the same."""

    steps: tuple[tuple[float, str], ...]  # size of a unit, and its sign; the largest first
    usual: tuple[float, str]  # where there is no value
    digits: int

    def unit(self, values: Sequence[Any]) -> tuple[float, str]:
        """The unit for these values: the largest in which the middle between the smallest and the largest
        of them, as factors go, is 1 or more, and in which none is 100,000 or more if there is such a unit."""
        sizes = [abs(value) for value in values if value]
        if not sizes:
            return self.usual
        low, high = min(sizes), max(sizes)
        middle = _rounded(math.sqrt(low) * math.sqrt(high), self.digits)
        wide = [step for step in self.steps if step[0] <= middle] or [self.steps[-1]]
        bounded = [step for step in self.steps if high / step[0] < _LONGEST] or [self.steps[0]]
        return max(wide[0], bounded[-1])

    def text(self, factor: float, value: float) -> str:
        """A value in units of ``factor``: 145.8, 4,089, 0.035; <0.001."""
        if value == 0:
            return "0"
        size = abs(value) / factor
        if factor == 1 and float(value).is_integer():
            return f"{value:,.0f}"
        if size < 0.001:
            return "<0.001"
        decimals = max(self.digits - 1 - math.floor(math.log10(_rounded(size, self.digits))), 0)
        return f"{value / factor:,.{min(decimals, 3)}f}"


_LONGEST = 100_000  # of what a column shows
COUNTS = Scale((*_SI, (1, "")), (1e6, "M"), 4)
BYTES = Scale(
    ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")), (1e6, "MB"), 4
)  # 1 MB is 10^6 bytes
TIMES = Scale((*_TIME, (1e-9, "ns")), (1e-3, "ms"), 3)


def exact(value: int | None) -> str:
    """A count to the last digit: 4,089,184,256."""
    return DASH if value is None else f"{value:,}"


def signed(value: int) -> str:
    """A difference to the last digit: +44,455,936."""
    return f"{value:+,}" if value else "0"


def count(value: float | None, digits: int = 4) -> str:
    """A count for people: 145.8 M, 4.089 G, 352."""
    if value is None:
        return DASH
    for scale, prefix in _SI:
        if abs(_rounded(value, digits)) >= scale:
            return f"{_significant(value / scale, digits)} {prefix}"
    return f"{value:,.0f}" if float(value).is_integer() else _significant(value, digits)


def millions(value: float | None) -> str:
    """A count in millions, for a column headed (M): 145.8, 4,089.2, 0.035; <0.001."""
    if value is None:
        return DASH
    if value == 0:
        return "0"
    if value < 1e3:
        return "<0.001"
    if value < 1e6:
        return f"{value / 1e6:.3f}"
    return _significant(value / 1e6, 4 if value < 1e9 else 5)


def megabytes(value: float | None) -> str:
    """Bytes in MB (10^6 bytes), for a column headed (MB)."""
    return millions(value)


def size(value: float | None) -> str:
    """Bytes for people: 9.12 MB (10^6 bytes)."""
    return DASH if value is None else f"{count(value, 3)}B" if value >= 1e3 else f"{value:.0f} B"


def seconds(value: float | None) -> str:
    """A duration with three digits and its unit: 4.31 ms, 812 us, 12.0 s."""
    if value is None:
        return DASH
    if value == 0:
        return "0 s"
    size = abs(_rounded(value, 3))
    scale, unit = next(((s, u) for s, u in _TIME if size >= s), (1e-9, "ns"))
    return f"{_significant(value / scale, 3)} {unit}"


def milliseconds(value: float | None) -> str:
    """A duration in ms, for a column headed (ms)."""
    return DASH if value is None else _significant(value * 1e3, 3)


def percent(value: float | None) -> str:
    """A fraction as percent: 0.0123 is 1.2 %."""
    if value is None:
        return DASH
    digits = 1 if abs(value) >= 0.001 or value == 0 else 2
    return f"{value * 100:.{digits}f} %"


def signed_percent(value: float | None) -> str:
    """A difference as a fraction: +1.2 %, -0.05 %; 0 is 0.0 %."""
    return DASH if value is None else f"{'+' if value > 0 else ''}{percent(value)}"


def margin(value: float | None) -> str:
    """Half an interval as a fraction of its centre: +-1.2 %."""
    return DASH if value is None else f"+-{percent(value)}"


def factor(value: float | None) -> str:
    """A ratio with two decimals, for ratios near 1: 1.04, 0.97, 12.4; a dash if unknown."""
    if value is None:
        return DASH
    return f"{value:.2f}" if 0.095 <= value < 9.995 else _significant(value, 3)


def correlation(value: float | None) -> str:
    """From -1 to 1 with two decimals: 0.93, -0.23; a dash if unknown."""
    return DASH if value is None else f"{round(value, 2) + 0.0:.2f}"  # no -0.00


def number(value: float | None) -> str:
    """A plain figure with three significant digits: 12.4."""
    return DASH if value is None else _significant(value, 3)


def shape(value: tuple[int, ...] | None) -> str:
    """A tensor shape: 1x3x224x224; a scalar is the word."""
    if value is None:
        return DASH
    return "x".join(map(str, value)) or "scalar"


def told(value: object) -> str:
    """What somebody has handed over, for a message: as it is written if that is short, or what it is."""
    text = repr(value)
    return text if len(text) <= 40 and text.isprintable() else f"a {type(value).__name__}"


def visible(text: str, keep: str = "") -> str:
    r"""Text of any origin as one line that cannot act: what moves the cursor, reorders or hides
    text becomes its escape, \x1b or \u202e, and so does a sign of what GitHub's runner would take
    for a command in a log. Characters in ``keep`` stay."""
    line = "".join(
        c if c == " " or c.isprintable() or c in keep else c.encode("unicode_escape").decode()
        for c in text
    )
    return _COMMAND.sub(r"\1\\x3a", line).replace("##[", r"#\x23[")


# A line that begins with :: is a command to the runner, and so is ##[ wherever it stands in one.
_COMMAND = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE)


def unicode(text: str) -> str:
    r"""The same text, with halves of characters, which no file can hold, as their escape: \udcff."""
    return text.encode("utf-8", "backslashreplace").decode()
