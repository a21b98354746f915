"""Ascend NPUs, through torch_npu."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from lightbench.devices.support import npu_probe, npu_smi
from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.health import Read
from lightbench.devices.support.npu_facts import facts_here, memory_here
from lightbench.devices.support.quirks import Quirks, beyond
from lightbench.errors import DeviceUnavailable

OPTIONS = {"npu-jit": "NPU: compile every operator for its shapes."}
(JIT,) = OPTIONS  # the default of 310P and of 910A

# Set before torch_npu is imported, it turns what would silently run on the CPU into an error.
STRICT = {"TORCH_NPU_FALLBACK_CPU_DISABLE": "1"}
_FELL_BACK = re.compile(
    r"CAUTION: The operator '?(?P<op>[\w:.]+)'? is not currently supported on the NPU"
)
_WOULD_FALL_BACK = re.compile(  # what is said where STRICT forbids it
    r"would execute its main computation on CPU .* disabled by TORCH_NPU_FALLBACK_CPU_DISABLE"
)


def _is_imported() -> bool:
    return "torch_npu" in sys.modules


def _probe(index: int) -> DeviceUnavailable | None:
    if not _is_imported() and (reason := npu_probe.why(npu_probe.probe())):
        return reason
    return beyond("npu", index, count())


def count() -> int:
    """How many there are."""
    if not _is_imported():
        return npu_probe.probe().count
    from torch_npu import npu

    return int(npu.device_count())


def _start() -> None:
    """Import torch_npu into this process, for good. It prints to stdout, which is not its own."""
    if not _is_imported():
        with _stdout_to_stderr():
            import torch_npu  # noqa: F401


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Of Python and of C."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _set_up(options: Sequence[str]) -> None:
    from torch_npu import npu

    npu.set_compile_mode(jit_compile=JIT in options)
    npu.config.allow_internal_format = False


def _memory_bytes(index: int) -> int | None:
    return memory_here(index) if _is_imported() else npu_probe.probe().memory[index]


def _facts(index: int) -> Mapping[str, str | int | None]:
    return facts_here(index) if _is_imported() else npu_probe.probe().facts[index]


def _capture(call: Callable[[], Any]) -> Callable[[], Any]:
    from torch_npu import npu

    graph = npu.NPUGraph()
    with npu.graph(graph):
        output = call()

    def replay() -> Any:
        graph.replay()
        return output

    return replay


def _l2_bytes(index: int) -> int | None:
    from torch_npu import npu

    return getattr(npu.get_device_properties(index), "L2_cache_size", None)


@contextmanager
def _noticing() -> Iterator[list[str]]:
    """What torch_npu runs on the CPU, it says on the process's stderr, in C++, once per operator."""
    found: list[str] = []
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield found
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            text = said.read().decode(errors="replace")
            sys.stderr.write("".join(x for x in text.splitlines(True) if not _FELL_BACK.search(x)))
    ops = sorted({match["op"] for match in _FELL_BACK.finditer(text)})
    if ops:
        found.append(f"fell back: no NPU kernel, so it ran on the CPU: {', '.join(ops)}.")


def _health(index: int) -> Read | None:
    return npu_smi.reader(index)


QUIRKS = Quirks(
    probe=_probe,
    facts=_facts,
    start=_start,
    set_up=_set_up,
    visible="ASCEND_RT_VISIBLE_DEVICES",
    channels_last=False,
    float64=False,
    options=tuple(OPTIONS),
    capture=_capture,
    memory_bytes=_memory_bytes,
    l2_bytes=_l2_bytes,
    health=_health,
    watch_s=1.0,  # each look starts two or three processes
    strict=STRICT,
    fell_back=lambda message: _WOULD_FALL_BACK.search(message) is not None,
    noticing=_noticing,
)


def at(index: int, options: tuple[str, ...] = ()) -> Accelerator:
    """One of them."""
    return accelerator("npu", index, QUIRKS, options)
