"""What belongs to the whole process and a pass may change: random numbers, switches of PyTorch.

Passes may overlap, in threads: the first notes how things are, the last puts them back.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any

import torch

# How to read a setting -> how to set it.
_SWITCHES: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
)

_LOCK = RLock()  # never held while a network runs
_HOLDERS = 0
_BACK = ExitStack()


@contextmanager
def kept() -> Iterator[None]:
    """Random numbers and switches are as before afterwards. Meanwhile PyTorch runs operators as a
    network's code has them: without the attention fast path, which hides its matrix products, and
    without compiling functions inside the network."""
    global _HOLDERS  # noqa: PLW0603  one process, one count of those inside
    try:
        with _LOCK:
            _HOLDERS += 1
            if _HOLDERS == 1:
                _take(_BACK)
        yield
    finally:
        with _LOCK:
            _HOLDERS -= 1
            if not _HOLDERS:
                _BACK.close()


def _take(back: ExitStack) -> None:
    if gc.isenabled():  # nothing dies in a pass that needs it, and it looks at all there is
        gc.disable()
        back.callback(gc.enable)
    for read, write in _SWITCHES:
        back.callback(_set, read, write, read())
    back.callback(random.setstate, random.getstate())
    back.callback(torch.set_rng_state, torch.get_rng_state())
    if numpy_random := sys.modules.get("numpy.random"):  # NumPy imports it when it is asked for
        back.callback(numpy_random.set_state, numpy_random.get_state())
    torch.backends.mha.set_fastpath_enabled(False)
    if "torch._dynamo" in sys.modules:
        back.enter_context(torch.compiler.set_stance("force_eager"))


def _set(read: Callable[[], Any], write: Callable[[Any], Any], before: Any) -> None:
    """Some switches cost something, or warn, even where they change nothing."""
    if read() != before:
        write(before)
