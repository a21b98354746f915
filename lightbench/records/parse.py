"""Numbers as people write them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Literal

from lightbench.errors import UsageError

Unit = Literal["s", "B", ""]  # seconds, bytes, or a count
_PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
# By the unit that a value is in: how it may be written -> how many of the unit that is.
QUANTITIES: dict[Unit, dict[str, float]] = {
    "s": {
        "s": 1.0,
        "ms": 1e-3,
        "us": 1e-6,
        "\u00b5s": 1e-6,
        "\u03bcs": 1e-6,
        "ns": 1e-9,
        "min": 60.0,
    },
    "B": {f"{prefix}B": factor for prefix, factor in _PREFIXES.items()}
    | {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
    "": {**_PREFIXES, "B": 1e9},
}
_SUCH = {"s": ("a time", "20ms"), "B": ("a size in bytes", "30MB"), "": ("a count", "150M")}
_NUMBER = r"[+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"


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


def unit_of(name: str) -> Unit:
    """The unit of what has this name: ``latency_s``, ``mem_bytes``, ``madds``."""
    return "s" if name.endswith("_s") else "B" if name.endswith("_bytes") else ""


def parse_quantity(text: str, unit: Unit, of: str = "") -> float:
    """Read ``20ms`` in seconds, ``30 MB`` in bytes (10^6; MiB is 2^20), ``120M`` or ``1.5e8`` as a count: all that
    `units` writes. A number alone is in the unit itself. Raises UsageError, which says what it is ``of``."""
    found = re.fullmatch(rf"({_NUMBER})\s*([^\W\d_]*)", text.strip(), re.ASCII if unit == "" else 0)
    number, suffix = found.groups() if found else ("", "")
    factor = 1.0 if not suffix else QUANTITIES[unit].get(suffix)
    try:  # decimal, so that 1.001k are 1001
        digits = Decimal(number.replace(",", ""))
        value = math.nan if factor is None else float(digits * Decimal(repr(factor)))
    except ArithmeticError:
        value = math.nan
    if not math.isfinite(value):
        what, example = _SUCH[unit]
        known = ", ".join(name for name in QUANTITIES[unit] if name and name.isascii())
        said = f"{of}: " if of else ""
        raise UsageError(
            f"{said}cannot read {text!r} as {what}.", f"Write {example}; units: {known}."
        )
    return value
