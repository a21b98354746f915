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
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from lightbench.errors import FAULT, INTERRUPTED
from lightbench.workers import interrupts, journal
from lightbench.workers.journal import WORDS, Entry, Journal

LOOK_S = 0.05  # how often to see whether it lives
LEAVING_S = 5.0  # for a child that has told its exit code, to end
LONGEST_LOOK_S = 1.0  # between two: one that is longer was no look, but a pause
AGAIN_S = 0.3  # until it is told to stop once more: what is imported loses some signals
TIDYING_S = 20.0  # for us, to keep what there is after a signal

_SUBREAPER, _DEATH_SIGNAL = 36, 1  # prctl(2), Linux


def can() -> bool:
    """Can processes be forked here?"""
    return hasattr(os, "fork")


def supervise(work: Callable[[], int], *, say: Callable[[str], None]) -> int:
    """The exit code of ``work``, which runs in a child. A network that ends it is told to ``say``. Signals
    to stop are handed on to the child, which answers them."""
    book = Journal()
    others = _others()
    _prctl(_SUBREAPER, 1)  # children of a child that has died become ours
    while True:
        child = _Child(work, book)
        code = child.wait()
        _end_all(but=others)
        if code is not None:
            return code
        if interrupts.came:
            say("interrupted")
            return INTERRUPTED
        entry = book.read()
        reason = f"{child.how}, {WORDS[entry.phase]}"
        if not entry.model or entry.model in journal.fallen:
            say(f"the process that ran the command ended early: {reason}.")
            return FAULT
        say(f"{entry.model}: it {reason}; the command goes on without it.")
        journal.fallen[entry.model] = reason


class _Child:
    """One run of the command. ``how`` it ended, once it has without telling."""

    def __init__(self, work: Callable[[], int], book: Journal) -> None:
        self.how = ""
        self._stopped: tuple[float, Entry] | None = None
        self._book = book
        self._pid = 0
        self._told_s = 0.0
        self._looked = (0.0, 0.0, book.read())
        self._gone = False  # and its number may be another process's
        # Its end ends the pipe, unless it has left copies of itself.
        self._lives, held_open = os.pipe()
        self._me = os.getpid()
        book.begin()
        interrupts.answer_with(self._hand_on)
        self._pid = os.fork()
        if not self._pid:
            self._begin()
            _run(work, book)
        os.close(held_open)
        for number in interrupts.came:
            self._send(number)

    def _begin(self) -> None:
        """What the child does first."""
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)  # with the supervisor it ends
        if os.getppid() != self._me:
            os._exit(INTERRUPTED)
        os.close(self._lives)
        interrupts.begin()  # those that the supervisor has heard it hands on
        journal.keep(self._book)

    def wait(self) -> int | None:
        """The exit code that it tells; None if it ends without, or is ended."""
        try:
            while not self._ended():
                if self._book.code is not None:
                    self._leave()
                    break
                if why := self._overdue():
                    self.how = why
                    break
                if self._stopped and time.monotonic() - self._told_s > AGAIN_S:
                    self._send(interrupts.came[0])
                if select.select([self._lives], [], [], LOOK_S)[0]:
                    time.sleep(LOOK_S / 50)  # it ends, or a network has closed what is not its own
        finally:
            self._gone = True
            os.close(self._lives)
        return self._book.code

    def _ended(self) -> bool:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return False
        self._gone = True
        code = os.waitstatus_to_exitcode(status)
        self.how = f"ended the process with exit code {code}"
        if code < 0:
            self.how = f"ended the process: killed by {_name(-code)}"
        return True

    def _leave(self) -> None:
        """It is done: what still runs in it, as threads of a network, has some time and no more."""
        until = time.monotonic() + (interrupts.STOPPING_S / 2 if interrupts.came else LEAVING_S)
        while not self._ended() and time.monotonic() < until:
            time.sleep(LOOK_S / 10)

    def _overdue(self) -> str:
        """Why it is not waited for any longer; "" while it is."""
        entry = self._book.read()
        now = time.monotonic()
        if self._stopped:
            since_s, then = self._stopped
            held = entry.phase != "ours" and entry == then
            limit_s = interrupts.STOPPING_S if held else TIDYING_S
            return "was stopped" if now - since_s > limit_s else ""
        if entry.phase != "ours" and self._held_s(entry, now) > entry.timeout_s:
            return f"took longer than {entry.timeout_s:g} s (--timeout)"
        return ""

    def _held_s(self, entry: Entry, now: float) -> float:
        """How long it is as the entry says. Of a longer while that we have not looked, as Ctrl-Z makes one,
        which stops us with the network, little counts."""
        held_s, looked_s, seen = self._looked
        if entry != seen:
            held_s, looked_s = 0.0, entry.since_s
        self._looked = (held_s + min(now - looked_s, LONGEST_LOOK_S), now, entry)
        return self._looked[0]

    def _hand_on(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._me:  # the child, which has not begun
            os._exit(INTERRUPTED)
        interrupts.came.append(number)
        if self._pid:
            self._send(number)

    def _send(self, number: int) -> None:
        self._told_s = time.monotonic()
        self._stopped = self._stopped or (self._told_s, self._book.read())
        if not self._gone:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)


def _run(work: Callable[[], int], book: Journal) -> None:
    """The child's whole life. What a network has registered to be done at its end may change its exit
    code, and not the one that it tells."""
    code = FAULT
    me = os.getpid()
    try:
        code = work()
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        if os.getpid() != me:  # a copy that a network has forked and not ended
            os._exit(0)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        book.tell(code)
        sys.exit(code)


def _others() -> frozenset[int]:
    """Children that this process has before it forks: of a shell that has become it by ``exec``."""
    return frozenset(_mine(frozenset()))


def _end_all(*, but: frozenset[int]) -> None:
    """End every process that the command has started, and what these have; ``but`` those that are not
    its own."""
    until = time.monotonic() + LEAVING_S  # for one that is somebody else's by now, as of sudo
    while (mine := _mine(but)) and time.monotonic() < until:
        import psutil

        for pid in mine:
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                for one in (*process.children(recursive=True), process):
                    one.kill()
        time.sleep(LOOK_S / 10)


def _mine(but: frozenset[int]) -> list[int]:
    """Children, ours or left to us, ``but`` these; of those that have ended one is taken note of."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return []
    import psutil  # 30 ms, and mostly there is none

    return [child.pid for child in psutil.Process().children() if child.pid not in but]


def _name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _prctl(what: int, value: int) -> None:
    """Linux only: elsewhere orphans are not found, and a child outlives its supervisor."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
