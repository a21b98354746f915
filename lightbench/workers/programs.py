"""Somebody else's program: run to its end, or until it takes too long, and nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from lightbench.units import visible

LOOK_S = 0.05  # how often to see whether it lives, and what it has printed
LAST = 12  # lines that say why


class Ended(NamedTuple):
    """``how``: "" if it went well, else "exit code 3", "killed by SIGSEGV" or "it took longer than 60 s". ``lines`` is
    what it has printed, on stdout and stderr."""

    how: str
    lines: tuple[str, ...]

    def why(self, most: int = LAST) -> str:
        """How it ended, or that it made nothing, and below it the last lines with words in them: they say why, as a
        rule."""
        said = [visible(line.rstrip()) for line in self.lines if line.strip()]
        return "\n".join([f"{self.how or 'it made nothing'}.", *said[-most:]])


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    folder: Path,
    limit_s: float,
    say: Callable[[str], None] | None = None,
) -> Ended:
    """In ``folder``, with nothing on stdin. ``say`` is told each line when it is printed. Raises OSError for a program that
    does not start; whatever else it raises, the program and what this has started are ended."""
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(  # noqa: S603  no shell
            list(map(str, command)),
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            start_new_session=True,  # what it has started ends with it
        )
        try:
            how = _waited(process, printed.fileno(), limit_s, say)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Ended(how, tuple(_lines(printed)))


def _waited(
    process: subprocess.Popen[bytes],
    printed: int,
    limit_s: float,
    say: Callable[[str], None] | None,
) -> str:
    give_up, begun, place = time.monotonic() + limit_s, b"", 0
    while True:
        code = process.poll()  # asked first: one that has ended may have said something before
        new = os.pread(printed, 1 << 20, place) if say else b""
        place += len(new)
        *lines, begun = (begun + new).split(b"\n")
        for line in lines:
            assert say is not None
            say(visible(line.decode(errors="replace").rstrip()))
        if code is not None and not new:
            return _how(code)
        if time.monotonic() > give_up:
            return f"it took longer than {limit_s:g} s"
        if not new:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}" if code else ""
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def _lines(printed: IO[bytes]) -> list[str]:
    printed.seek(0)
    return printed.read().decode(errors="replace").splitlines()
