"""The process in which a network is loaded and called alone, for its memory: see `resident`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lightbench.process import streams
from lightbench.records import Case, Resident
from lightbench.workers.worker import Send, serve

if TYPE_CHECKING:
    from lightbench.engines import Program

CALLS = 3  # the first ones, in which buffers are made
PROC = Path("/proc/self")


class Request(msgspec.Struct, frozen=True):
    """What to load: the case's network by name, or files with what was converted and its inputs; ``as_it_is``: the
    engine reads the file itself."""

    case: Case
    threads: int
    model: str
    inputs: str
    as_it_is: bool = False


def resident_bytes() -> int:
    """Of this process now: exact where Linux sums its pages up, else as the system counts."""
    with suppress(OSError, ValueError, IndexError):
        lines = (PROC / "smaps_rollup").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Rss:"))
    import psutil

    return int(psutil.Process().memory_info().rss)


def forget_peak() -> bool:
    """From now on the peak is that of what comes; False where nobody can say so."""
    with suppress(OSError):
        (PROC / "clear_refs").write_text("5")  # proc(5)
        return True
    return False


def peak_bytes() -> int | None:
    """The highest resident set since `forget_peak`; None where the system does not tell."""
    with suppress(OSError, ValueError, StopIteration):
        lines = (PROC / "status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return None


def grown(load: Callable[[], Program]) -> Resident:
    """What a program takes to be loaded, and in its first calls."""
    gc.collect()
    before = resident_bytes()
    known = forget_peak()
    program = load()
    gc.collect()
    loaded = resident_bytes()
    with program.context():
        for _ in range(CALLS):
            program.call()
    after = resident_bytes()
    peak = peak_bytes() if known else None
    return Resident(
        runtime_bytes=before,
        load_bytes=max(loaded - before, 0),
        calls_bytes=max(after - loaded, 0),
        peak_bytes=None if peak is None else max(peak, after, loaded) - before,
    )


def _measure(text: bytes, send: Send) -> None:
    request = msgspec.json.decode(text, type=Request)
    import torch

    from lightbench.engines.support import named
    from lightbench.runner.abilities import converts

    torch.set_num_threads(request.threads)
    engine = named.find(request.case.engine)
    with streams.unheard():
        load = _converted(engine, request) if converts(engine) else _built(engine, request.case)
    with streams.unheard():
        found = grown(load)
        found = msgspec.structs.replace(found, arena_bytes=_arena(engine, request))
    send("resident", msgspec.to_builtins(found))


def _converted(engine: Any, request: Request) -> Callable[[], Program]:
    from lightbench.runner.conversion.converted import how

    engine.runtime()
    inputs = _inputs(request)

    def load() -> Program:
        return engine.load(_model(request), inputs, **how(request.case))  # type: ignore[no-any-return]

    return load


def _model(request: Request) -> bytes | Path:
    file = Path(request.model)
    return file if request.as_it_is else file.read_bytes()


def _inputs(request: Request) -> Any:
    import torch

    return torch.load(request.inputs, weights_only=True)


def _arena(engine: Any, request: Request) -> int | None:
    """By the engine's own account, once the process has been looked at; None where it gives none."""
    from lightbench.runner.conversion.converted import how

    with suppress(Exception):  # a second opinion, of packages that change
        if hasattr(engine, "arena"):
            found: int | None = engine.arena(_model(request), _inputs(request), **how(request.case))
            return found
    return None


def _built(engine: Any, case: Case) -> Callable[[], Program]:
    import torch

    from lightbench.costs.precision import as_asked
    from lightbench.models import sources
    from lightbench.models.inputs import fewest_ids, make_arguments

    source = sources.find(case.model)
    with suppress(Exception), torch.device("meta"):
        source.build()  # imports what builds it, and takes no memory

    def inputs(network: torch.nn.Module, device: str) -> Any:
        return make_arguments(
            case.inputs,
            batch=case.batch,
            dtype=case.dtype,
            layout=case.layout,
            device=device,
            ids=fewest_ids(network),
        )

    def load() -> Program:
        network = source.build()
        network = as_asked(network, case.dtype, lambda device: inputs(network, device))
        if case.layout == "channels_last":
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return engine.prepare(network, *inputs(network, "cpu"), mode=case.mode)  # type: ignore[no-any-return]

    return load


if __name__ == "__main__":
    serve(sys.argv[1], _measure)
