"""How a process that was started has ended, in words."""

from __future__ import annotations

import signal
from contextlib import suppress


def ending(code: int) -> str:
    """From `Popen.returncode`: "exit code 3", "killed by SIGSEGV"."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
