"""The process that measures for another one: see `apart`.

It reads a request from stdin and writes JSON lines to the file descriptor it is given: what it says,
its progress, and records as soon as they are known. Its stdout goes to stderr, whoever prints there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from lightbench import autoload
from lightbench.errors import LightbenchError
from lightbench.records import Case, SweepPoint
from lightbench.timing.stopping import Rule

MARK = "LIGHTBENCH_WORKER"  # set in the process that is one: it starts no further one
Send = Callable[[str, Any], None]


class Request(msgspec.Struct, frozen=True):
    """A `rounds.Group`, and what else decides how it is timed."""

    cases: dict[int, Case]
    sweep: dict[int, SweepPoint]
    rule: Rule
    seed: int | None
    trusted: bool
    keep_memory: bool
    anchors: frozenset[int] = frozenset()


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
            pipe.write(msgspec.json.encode([kind, value]) + b"\n")

        try:
            work(request, send)
        except KeyboardInterrupt:
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


def _measure(text: bytes, send: Send) -> None:
    request = msgspec.json.decode(text, type=Request)
    # These import torch, which must not import anything else along with it.
    from lightbench import devices, rounds
    from lightbench.environment.allocator import keep_freed_memory

    if request.keep_memory:
        keep_freed_memory()
    case = next(iter(request.cases.values()))
    rounds.measure(
        rounds.Group(
            cases=request.cases,
            sweep=request.sweep,
            anchors=request.anchors,
            rule=request.rule,
            seed=request.seed,
            trusted=request.trusted,
        ),
        devices.find(case.device, case.options),
        say=lambda text: send("say", text),
        progress=lambda state: send("progress", state),
        finish=lambda i, record: send("record", [i, record]),
    )


if __name__ == "__main__":
    serve(sys.argv[1], _measure)
