"""What running a user's file changes of the process is put back."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lightbench.errors import ModelError
from lightbench.process import limits
from lightbench.process.streams import descriptors_kept

STREAMS_AND_HOOKS = ("argv", "stdin", "stdout", "stderr", "excepthook", "dont_write_bytecode")
ENDINGS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
    if hasattr(signal, name)
]


@contextmanager
def process_kept(file: Path) -> Iterator[None]:
    """Inside, ``sys.argv`` is that of the file, as when Python runs it, and not ours.

    Afterwards the arguments, the working directory, ``sys.path``, the standard streams and their file
    descriptors, the hook for exceptions, the answers to signals, the garbage collector, the mask of new
    files and the limits of the process are those from before. Its environment variables and filters of
    warnings stay: a network may need them when it runs. What is compiled of it is not kept: a file
    that changes twice in a second would be taken for what it was. Raises ModelError for limits that
    cannot be given back.
    """
    were = {name: getattr(sys, name) for name in STREAMS_AND_HOOKS}
    path, entries = sys.path, list(sys.path)
    here = _working_directory()
    answers = {number: signal.getsignal(number) for number in ENDINGS}
    mask, before, collecting = limits.mask(), limits.read(), gc.isenabled()
    sys.argv, sys.dont_write_bytecode = [str(file)], True
    try:
        with descriptors_kept(0, 1, 2):
            yield
    finally:
        for name, value in were.items():
            setattr(sys, name, value)
        sys.path = path  # also if the file made another list of it
        path[:] = entries
        os.umask(mask)
        (gc.enable if collecting else gc.disable)()
        lost = limits.give_back(before)
        if here and _working_directory() != here:
            with suppress(OSError):  # it may be gone
                os.chdir(here)
        if threading.current_thread() is threading.main_thread():  # only there it can be another
            for number, answer in answers.items():
                if answer is not None and signal.getsignal(number) is not answer:
                    signal.signal(number, answer)
    if lost:
        raise ModelError(
            f"{file.name} lowers limits of the process for good: {', '.join(lost)}.",
            "Leave resource.setrlimit out of what is imported.",
        )


def _working_directory() -> str | None:
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109  a name, to be compared
    return None
