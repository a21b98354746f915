"""A process that works for another one: see `manager`.

It reads a request from stdin and writes JSON lines to the file descriptor it is given: what it says,
its progress, and records as soon as they are known. Its stdout goes to stderr, whoever prints there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from lightbench.errors import LightbenchError
from lightbench.workers import autoload, interrupts, journal
from lightbench.workers.manager import MARK, UNHEARD

Send = Callable[[str, Any], None]


def is_one() -> bool:
    """Is this process a worker?"""
    return MARK in os.environ


def serve(descriptor: str, work: Callable[[bytes, Send], None]) -> None:
    """Answer the request on stdin: ``work`` gets it and a way to send lines to the descriptor."""
    autoload.hold_back()
    del sys.argv[1:]  # ours, and not of a network whose code reads arguments
    os.dup2(2, 1)
    request = sys.stdin.buffer.read()
    with os.fdopen(int(descriptor), "wb", buffering=0) as pipe:

        def send(kind: str, value: Any) -> None:
            try:
                pipe.write(msgspec.json.encode([kind, value]) + b"\n")
            except OSError:  # a network has closed it, or nobody listens: there is no one to tell
                os._exit(UNHEARD)

        try:
            interrupts.answer_with(interrupts.interrupt)
            journal.keep(journal.Journal())  # it tells a network's own KeyboardInterrupt from ours
            work(request, send)
        except KeyboardInterrupt:
            interrupts.heed()
            send("end", "interrupted")
        except LightbenchError as error:
            send(
                "error",
                {
                    "error": type(error).__name__,
                    "message": error.message,
                    "hint": error.hint,
                    "exit_code": error.exit_code,
                },
            )
        else:
            send("end", "done")
