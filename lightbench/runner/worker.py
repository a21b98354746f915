"""The process that measures for another one: see `isolated`."""

from __future__ import annotations

import sys

import msgspec

from lightbench.records import Case, SweepPoint
from lightbench.timing.stopping import Rule
from lightbench.workers.worker import Send, serve


class Request(msgspec.Struct, frozen=True):
    """An `interleave.Group`, and what else decides how it is timed."""

    cases: dict[int, Case]
    sweep: dict[int, SweepPoint]
    rule: Rule
    seed: int | None
    trusted: bool
    keep_memory: bool
    anchors: frozenset[int] = frozenset()


def _measure(text: bytes, send: Send) -> None:
    request = msgspec.json.decode(text, type=Request)
    # These import torch, which must not import anything else along with it.
    from lightbench import devices
    from lightbench.environment.allocator import keep_freed_memory
    from lightbench.runner import interleave

    if request.keep_memory:
        keep_freed_memory()
    case = next(iter(request.cases.values()))
    interleave.measure(
        interleave.Group(
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
