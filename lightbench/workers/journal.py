"""In whose hands the process is: which network is loaded, counted, called or timed now, and since when.

Kept in memory that a supervisor shares (see `supervisor`), and that is still there when a network has taken the process
with it. Without one nothing is kept.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, TypeVar, get_args

Phase = Literal["ours", "load", "count", "convert", "first call", "timed"]
PHASES: tuple[Phase, ...] = get_args(Phase)
WORDS = {
    "ours": "after it was run",
    "load": "while it was loaded",
    "count": "while it was counted",
    "convert": "while it was converted",
    "first call": "in its first call",
    "timed": "while it was timed",
}

# Since when, how long a phase may last, which phase, length of the name.
_HEAD = struct.Struct("=ddii")
# How many signals to stop were heard, and the exit code; -1: none yet.
_COMMAND = struct.Struct("=ii")
SIZE = 1 << 14
LEFT = 32 << 20  # bytes that a process may leave to the next one; of memory only what is used of it
_LENGTH = struct.Struct("=q")
_NAME = _COMMAND.size + _HEAD.size
TIMEOUT_S = 600.0

T = TypeVar("T")
R = TypeVar("R")


class Entry(NamedTuple):
    """``model`` is the network that was last in control, "" for none yet."""

    since_s: float
    timeout_s: float
    phase: Phase
    model: str


class Journal:
    """One page of shared memory. A write is some 0.5 us, and outside of what is timed."""

    def __init__(self) -> None:
        self._memory, self._left = mmap.mmap(-1, SIZE), mmap.mmap(-1, LEFT)
        self._timeout_s = TIMEOUT_S
        self._name = b""
        self.owner = os.getpid()
        self.begin()

    def write(self, phase: Phase, model: str | None = None) -> None:
        """From now on it is that phase, of that network or of the last one. A copy of this process, which
        a network has forked and let go on, ends: it would measure and write everything once more."""
        if os.getpid() != self.owner:
            os._exit(0)
        if model is not None:
            self._name = model.encode(errors="replace")[: SIZE - _NAME]
            self._memory[_NAME : _NAME + len(self._name)] = self._name
        head = (time.monotonic(), self._timeout_s, PHASES.index(phase), len(self._name))
        _HEAD.pack_into(self._memory, _COMMAND.size, *head)

    def read(self) -> Entry:
        """What was written last, by whichever process."""
        since_s, timeout_s, phase, length = _HEAD.unpack_from(self._memory, _COMMAND.size)
        name = self._memory[_NAME : _NAME + length].decode(errors="replace")
        return Entry(since_s, timeout_s, PHASES[phase], name)

    def leave(self, data: bytes) -> None:
        """What the next process of this command is to know; too much is left out."""
        if len(data) <= LEFT - _LENGTH.size:
            _LENGTH.pack_into(self._left, 0, 0)
            self._left[_LENGTH.size : _LENGTH.size + len(data)] = data
            _LENGTH.pack_into(self._left, 0, len(data))

    @property
    def left(self) -> bytes:
        """What was left last."""
        (length,) = _LENGTH.unpack_from(self._left, 0)
        return self._left[_LENGTH.size : _LENGTH.size + length]

    @property
    def heard(self) -> int:
        """How many signals to stop have been answered."""
        return int(_COMMAND.unpack_from(self._memory, 0)[0])

    def hear(self) -> None:
        """One more."""
        _COMMAND.pack_into(self._memory, 0, self.heard + 1, -1)

    @property
    def code(self) -> int | None:
        """The exit code that the command has told, once it has."""
        code = int(_COMMAND.unpack_from(self._memory, 0)[1])
        return None if code < 0 else code

    def tell(self, code: int) -> None:
        """The command is done."""
        _COMMAND.pack_into(self._memory, 0, self.heard, code)

    def begin(self) -> None:
        """A process begins the command: no network is in control, no code is told."""
        _COMMAND.pack_into(self._memory, 0, 0, -1)
        self._name = b""
        self.write("ours")

    def limit(self, timeout_s: float) -> None:
        """How long a network may be in control at once."""
        self._timeout_s = timeout_s
        self.write(self.read().phase)


_limit_s = [TIMEOUT_S]  # for one thing that a network does
_kept: list[Journal] = []  # the one of this process, if it is supervised
fallen: dict[str, str] = {}  # networks that have ended an earlier process of this command, and how


def keep(journal: Journal) -> None:
    """This process is supervised from now on."""
    journal.owner = os.getpid()
    _kept[:] = [journal]


def stopping() -> None:
    """Note that this process answers a signal to stop."""
    if _kept:
        _kept[0].hear()


def was_stopped() -> bool:
    """Is a KeyboardInterrupt one of the user's? A network can raise one itself, which is known only
    where somebody supervises."""
    return not _kept or _kept[0].heard > 0


def let_through(error: BaseException) -> None:
    """Raise it again if it is the user's way to stop, which no network's failure is."""
    if isinstance(error, KeyboardInterrupt) and was_stopped():
        raise error


def enter(phase: Phase, model: str | None = None) -> None:
    """Note who is in control now."""
    if _kept:
        _kept[0].write(phase, model)


def leave(data: bytes) -> None:
    """What the next process of this command is to know, if a network ends this one."""
    if _kept:
        _kept[0].leave(data)


def left() -> bytes:
    """What the last process of this command has left."""
    return _kept[0].left if _kept else b""


def limit(timeout_s: float) -> None:
    """How long a network may take for one thing before it is ended, where somebody supervises: this
    process, or those that it starts."""
    _limit_s[:] = [timeout_s]
    if _kept:
        _kept[0].limit(timeout_s)


def patience_s() -> float:
    """How long a process that measures may say nothing."""
    return _limit_s[0]


@contextmanager
def held(phase: Phase, model: str) -> Iterator[None]:
    """Meanwhile a network is in control; afterwards who was before."""
    before = _kept[0].read() if _kept else None
    enter(phase, model)
    try:
        yield
    finally:
        if before and before.phase != "ours":
            enter(before.phase, before.model)
        else:
            enter("ours")


def marked(phase: Phase, model: str, work: Callable[[T], R]) -> Callable[[T], R]:
    """The same work, noted to be a network's."""

    def done(argument: T) -> R:
        enter(phase, model)
        try:
            return work(argument)
        finally:
            enter("ours")

    return done
