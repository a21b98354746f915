"""Ctrl-C, SIGTERM and SIGHUP: each interrupts a command alike, as KeyboardInterrupt, and its exit code says
which one came first.

A signal that is ignored stays so, as nohup has it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from lightbench.errors import INTERRUPTED
from lightbench.workers import journal

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
STOPPING_S = 1.0  # for a network that is in control, to let go

came: list[int] = []  # to this process, in their order
_heeded: list[bool] = []


def begin() -> None:
    """A command begins: none has come."""
    came.clear()
    _heeded.clear()


def answer_with(answer: Callable[[int, FrameType | None], None]) -> None:
    """All that are not ignored are answered by that from now on."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, answer)


def instead(answer: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Those that would raise KeyboardInterrupt are answered by that; gives their answers until now."""
    ours = (interrupt, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    replaced = {number: was for number, was in before.items() if was in ours}
    for number in replaced:
        signal.signal(number, answer)
    return replaced


def ignore() -> None:
    """The command is done: what comes now changes nothing."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def interrupt(number: int, _frame: FrameType | None) -> None:
    """The answer of a process that measures. One that comes while another is answered disturbs nothing;
    if that was lost, as PyTorch loses some while it is imported, this one is not."""
    first = not came
    note(number)
    sys.unraisablehook = _said_unless_lost
    if first or not (_heeded or _handled()):
        raise KeyboardInterrupt


def _said_unless_lost(what: sys.UnraisableHookArgs) -> None:
    """Python says what cannot be raised where it comes up; of an interruption nobody needs to know."""
    if not issubclass(what.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(what)


def note(number: int) -> None:
    """It came, and is answered."""
    journal.stopping()
    came.append(number)


def heed() -> None:
    """An interruption has been caught: from now on what there is is kept."""
    _heeded[:] = [True]


def _handled() -> bool:
    """Is one on its way up, and something tidied up meanwhile?"""
    error = sys.exc_info()[1]
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def named(code: int) -> int:
    """The exit code of a command that ended with ``code``: of one that was interrupted 128 and the
    number of the signal, as shells have it."""
    return 128 + came[0] if code == INTERRUPTED and came else code
