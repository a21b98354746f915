"""What a self-test finds. A process sends these to another one, so they know no torch."""

from __future__ import annotations

from typing import Literal

import msgspec

# "missing": float16 that the device does not have for this operator; no fault.
State = Literal["ok", "differs", "failed", "missing"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One of its checks. Errors are those of the largest value; what was not measured is None."""

    name: str
    state: State
    dtype: str | None = None
    max_abs_error: float | None = None
    max_rel_error: float | None = None  # the same over the largest value of the reference
    tolerance: float | None = None  # of max_rel_error
    note: str = ""  # what about an "ok" is worth knowing
    reason: str = ""  # why it is not ok
    fell_back: tuple[str, ...] = ()  # what the device says ran somewhere else
    wall_s: float | None = None
    device_s: float | None = None
    launch_s: float | None = None


class Selftest(msgspec.Struct, frozen=True, kw_only=True):
    """All of them on one device; ``reason`` is why it ended before its end, ``said`` its last words."""

    device: str
    checks: tuple[Check, ...]
    reason: str = ""
    said: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Did it come to its end, and is nothing wrong?"""
        return not self.reason and all(check.state in ("ok", "missing") for check in self.checks)
