"""The three standard streams: there from the start, and dropped once nothing can be written to them."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import IO, Any


def secure() -> None:
    """Open those that the caller closed: the next file or pipe would get their numbers, and what is
    meant for it would be mixed with messages. Writing to a stdout that was closed still fails."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # gets the lowest number that is free
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or _stream(0, "r")
    sys.stdout = sys.stdout or _stream(1, "w")
    sys.stderr = sys.stderr or _stream(2, "w")


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
        io.BufferedWriter(_Unfailing(2, "w", closefd=False)),
        encoding=getattr(sys.stderr, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


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
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
