"""The three standard streams: there from the start, stdout for the answer alone, and dropped once
nothing can be written to them."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import IO, Any

from lightbench.units import visible


def secure() -> None:
    """Open those that the caller closed: the next file or pipe would get their numbers, and what is
    meant for it would be mixed with messages. Writing to a stdout that was closed still fails."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not is_open(number):
            os.open(os.devnull, flags)  # gets the lowest number that is free
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or _stream(0, "r")
    sys.stdout = sys.stdout or _stream(1, "w")
    sys.stderr = sys.stderr or _stream(2, "w")


def is_open(descriptor: int) -> bool:
    """Is it one?"""
    with suppress(OSError):
        os.fstat(descriptor)
        return True
    return False


def _stream(number: int, mode: str) -> IO[str]:
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


class _Unfailing(io.FileIO):
    """What cannot be written is lost."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return super().write(data) or 0
        return len(data)


def lose_what_stderr_cannot_take() -> None:
    """That stderr is full or closed changes no result: Python would end with 1, that of a regression."""
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Unfailing(out_of_reach(2), "w")),
        encoding=getattr(sys.stderr, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


HIGH = 512  # a descriptor above those that programs close in a row


def out_of_reach(descriptor: int) -> int:
    """A copy of a file descriptor, or what is nearest to one, where nobody closes it by the way."""
    with suppress(ImportError, OSError, ValueError):  # no such call, or a limit below
        import fcntl

        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)
    return os.dup(descriptor)


@contextmanager
def descriptors_kept(*numbers: int) -> Iterator[None]:
    """Afterwards these lead where they led before, whoever has closed or changed them."""
    copies = {number: out_of_reach(number) for number in numbers if is_open(number)}
    try:
        yield
    finally:
        for number, copy in copies.items():
            with suppress(OSError):  # the copy has been closed, too
                os.dup2(copy, number)
                os.close(copy)


def send_nowhere(number: int) -> None:
    """What is written to this descriptor from now on is lost."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def keep_stdout() -> None:
    """From now on ``sys.stdout`` is the only way to stdout. Whatever else writes to descriptor 1, as
    processes that a network starts and libraries in C do, writes to stderr."""
    given = sys.stdout
    given.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(out_of_reach(1), "w")),
        encoding=given.encoding,
        errors=given.errors,
        line_buffering=getattr(given, "line_buffering", False),
    )
    os.dup2(2, 1)


def close_stdout() -> None:
    """The answer is complete: what is printed while the process ends goes to stderr. Raises what its
    last part raises: OSError, ValueError."""
    sys.stdout.flush()
    sys.stdout = sys.stderr


def way_to_stdout(path: Path) -> Path:
    """``/dev/stdout``, and what else names descriptor 1, as it can be opened after `keep_stdout`."""
    names = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
    if str(path) in names and sys.stdout is not sys.__stdout__:
        with suppress(OSError, ValueError):  # one that is no file, as in a notebook
            return Path(f"/dev/fd/{sys.stdout.fileno()}")
    return path


@contextmanager
def stdout_elsewhere(*, quiet: bool) -> Iterator[None]:
    """What is written to stdout meanwhile, by whatever is not ours, goes to stderr, or with ``quiet``
    nowhere: below Python too, in C and in other processes."""
    _flush()
    with descriptors_kept(1):
        if quiet:
            send_nowhere(1)
        else:
            os.dup2(2, 1)
        try:
            with (
                os.fdopen(out_of_reach(1), "w", encoding="utf-8", errors="replace") as file,
                redirect_stdout(file if quiet else sys.stderr),
            ):
                yield
        finally:
            _flush()


@contextmanager
def unheard() -> Iterator[None]:
    """What libraries say meanwhile is lost: in C on both descriptors, on Python's stdout, and in logs. Python's stderr
    stays: progress is written there."""
    level = logging.root.manager.disable
    _flush()
    with descriptors_kept(1, 2), Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        send_nowhere(1)
        send_nowhere(2)
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(level)
            _flush()


def _flush() -> None:
    """What Python and C hold back for descriptor 1 goes where it was meant to."""
    for stream in (sys.stdout, sys.__stdout__):
        with suppress(OSError, ValueError, AttributeError):  # full, closed, not there
            stream.flush()  # type: ignore[union-attr]
    with suppress(ImportError, OSError, AttributeError):  # no ctypes, no C library of that kind
        import ctypes

        ctypes.CDLL(None).fflush(None)


_SAID: set[str] = set()


def say_once(text: str) -> None:
    """A line on stderr that is said once, by code that has nobody else to tell it to."""
    if text not in _SAID:
        _SAID.add(text)
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"lightbench: {visible(text)}\n")


def takes_no_more(error: BaseException) -> str | None:
    """Why, if it is what a stream raises that is closed or on a full disk (of a file it would name the
    file); else None."""
    full = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC)
    if isinstance(error, OSError) and error.errno in full and error.filename is None:
        return error.strerror
    return None


def drop(stream: IO[str]) -> None:
    """What the stream holds, and what will be written to it, goes nowhere: or it would fail once more
    when Python ends."""
    with suppress(OSError, ValueError):
        send_nowhere(stream.fileno())
