"""A command and the process that runs it: a network may end that one, hang or leave children, and the command still
answers.

The supervisor forks before anything is imported that matters, waits, and does nothing else. If its child dies before it
has told its exit code, the journal knows which network was in control: the command runs once more, and there that network
has failed, in its row, with the reason. Whatever the child left behind is ended.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

from lightbench.errors import FAULT, INTERRUPTED
from lightbench.workers import journal
from lightbench.workers.journal import WORDS, Entry, Journal

LOOK_S = 0.05  # how often to see whether it lives
LEAVING_S = 5.0  # for a child that has told its exit code, to end
STOPPING_S = 2.0  # for a network that is in control, to let go after Ctrl-C ...
TIDYING_S = 20.0  # ... and for us to keep what there is
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP")

_SUBREAPER, _DEATH_SIGNAL = 36, 1  # prctl(2), Linux


def can() -> bool:
    """Can processes be forked here?"""
    return hasattr(os, "fork")


def supervise(work: Callable[[], int], *, say: Callable[[str], None]) -> int:
    """The exit code of ``work``, which runs in a child. A network that ends it is told to ``say``."""
    book = Journal()
    _prctl(_SUBREAPER, 1)  # children of a child that has died become ours
    while True:
        child = _Child(work, book)
        code = child.wait()
        child.end()
        if code is not None:
            return code
        if child.signals:
            return INTERRUPTED
        entry = book.read()
        reason = f"{child.how}, {WORDS[entry.phase]}"
        if not entry.model or entry.model in journal.fallen:
            say(f"the process that ran the command ended early: {reason}.")
            return FAULT
        say(f"{entry.model}: it {reason}; the command goes on without it.")
        journal.fallen[entry.model] = reason
        book.write("ours", "")


class _Child:
    """One run of the command. ``how`` it ended, once it has without telling; ``signals`` are those that
    were handed on to it."""

    def __init__(self, work: Callable[[], int], book: Journal) -> None:
        self.how = ""
        self.signals: list[int] = []
        self._stopped: tuple[float, Entry] | None = None
        self._book = book
        self._pid = 0
        self._told, low = os.pipe()
        telling = _out_of_reach(low)
        self._me = os.getpid()
        before = {name: signal.getsignal(name) for name in _forwarded()}
        for name, was in before.items():
            if was is not signal.SIG_IGN:  # as nohup has it
                signal.signal(name, self._hand_on)
        self._pid = os.fork()
        if not self._pid:
            try:
                self._begin(before)
            except BaseException:  # noqa: BLE001  a signal so early: nothing has begun
                os._exit(INTERRUPTED)
            _run(work, telling)
        os.close(telling)
        for number in self.signals:
            self._send(number)

    def _begin(self, before: Mapping[signal.Signals, Any]) -> None:
        """What the child does first."""
        for name, was in before.items():
            signal.signal(name, was)
        if before.get(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupted)
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)  # with the supervisor it ends
        if os.getppid() != self._me:
            os._exit(INTERRUPTED)
        os.close(self._told)
        journal.keep(self._book)

    def wait(self) -> int | None:
        """The exit code that it tells; None if it ends without, or is ended."""
        os.set_blocking(self._told, False)
        while True:
            ended = self._ended()  # asked first: it may have told before
            with suppress(BlockingIOError):
                if told := os.read(self._told, 1):
                    self._leave()
                    return told[0]
                time.sleep(
                    LOOK_S / 10
                )  # nobody will tell: it ends, or has closed what is not its own
            if ended:
                return None
            if why := self._overdue():
                self.how = why
                return None
            select.select([self._told], [], [], LOOK_S)

    def end(self) -> None:
        """End it and all that it has started."""
        os.close(self._told)
        while _any_left():
            import psutil  # 30 ms, and mostly there is none

            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(LOOK_S / 10)

    def _ended(self) -> bool:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return False
        code = os.waitstatus_to_exitcode(status)
        self.how = f"ended the process with exit code {code}"
        if code < 0:
            self.how = f"ended the process: killed by {_name(-code)}"
        return True

    def _leave(self) -> None:
        """It is done: what still runs in it, as threads of a network, has some time and no more."""
        until = time.monotonic() + LEAVING_S
        while time.monotonic() < until:
            with suppress(ChildProcessError):
                if not os.waitpid(self._pid, os.WNOHANG)[0]:
                    time.sleep(LOOK_S / 10)
                    continue
            return

    def _overdue(self) -> str:
        """Why it is not waited for any longer; "" while it is."""
        entry = self._book.read()
        now = time.monotonic()
        if self._stopped:
            since_s, then = self._stopped
            held = entry.phase != "ours" and entry == then
            return "was stopped" if now - since_s > (STOPPING_S if held else TIDYING_S) else ""
        if entry.phase != "ours" and now - entry.since_s > entry.timeout_s:
            return f"took longer than {entry.timeout_s:g} s (--timeout)"
        return ""

    def _hand_on(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._me:  # the child, which has not begun
            raise KeyboardInterrupt
        self.signals.append(number)
        self._stopped = self._stopped or (time.monotonic(), self._book.read())
        if self._pid:
            time.sleep(LOOK_S)
            if self._book.heard < len(self.signals):  # a terminal sends Ctrl-C to both of us
                self._send(number)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)


def _run(work: Callable[[], int], telling: int) -> None:
    """The child's whole life. What a network has registered to be done at its end may change its exit
    code, and not the one that it tells."""
    code = FAULT
    me = os.getpid()
    try:
        code = work()
    finally:
        if os.getpid() != me:  # a copy that a network has forked and not ended
            os._exit(0)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        with suppress(OSError):
            os.write(telling, bytes([code & 0xFF]))
        sys.exit(code)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    journal.stopping()
    raise KeyboardInterrupt


def _any_left() -> bool:
    """Are there processes that we, or a child that is gone, have started? Those that have ended are
    taken note of."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _out_of_reach(descriptor: int) -> int:
    """The same pipe by a number above those that programs close in a row."""
    try:
        import fcntl

        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 512)
    except (ImportError, OSError, ValueError):
        return descriptor
    os.close(descriptor)
    return high


def _forwarded() -> list[signal.Signals]:
    return [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]


def _name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _prctl(what: int, value: int) -> None:
    """Linux only: elsewhere orphans are not found, and a child outlives its supervisor."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
