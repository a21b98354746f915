"""What a study can be told is one struct, its ``Settings``: the options of its command, the keys of its table in a
suite, and the parameters of its function come from there, with their help and defaults.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from lightbench.errors import UsageError


def about(text: str, **more: Any) -> msgspec.Meta:
    """The help of a setting, without its default; ``more`` is how a command line takes it: its
    ``metavar``, ``fraction`` for one that may be written as 2%."""
    return msgspec.Meta(description=text, extra=more)


def check_seconds(seconds: float | None, usual: float) -> None:
    """Raises UsageError unless there is time to measure."""
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if seconds is not None and not (number and math.isfinite(seconds) and seconds > 0):
        raise UsageError(
            f"seconds are a number above zero, got {seconds!r}.", f"Try --seconds {usual:g}."
        )
