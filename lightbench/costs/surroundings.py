"""What belongs to the whole process and a pass may change: random numbers, switches of PyTorch.

Passes may overlap, in threads: the first notes how things are, the last puts them back.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any

import torch

from lightbench.process import switches

# Those of the whole process that a forward pass is known to set, and that are read in no time.
_SWITCHES = switches.named(
    *("default dtype", "threads", "float32 matmul precision", "attention fast path"),
    *("deterministic algorithms", "oneDNN", "oneDNN deterministic", "NNPACK", "cuDNN"),
    *("cuDNN benchmark", "cuDNN deterministic", "flash attention", "memory-efficient attention"),
    *("attention by products", "checks of sparse tensors"),
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
    for switch in _SWITCHES:
        back.callback(_set, switch, switch.get())
    back.callback(random.setstate, random.getstate())
    back.callback(torch.set_rng_state, torch.get_rng_state())
    if numpy_random := sys.modules.get("numpy.random"):  # NumPy imports it when it is asked for
        back.callback(numpy_random.set_state, numpy_random.get_state())
    torch.backends.mha.set_fastpath_enabled(False)
    if "torch._dynamo" in sys.modules:
        back.enter_context(torch.compiler.set_stance("force_eager"))


def _set(switch: switches.Switch, before: Any) -> None:
    """Some switches cost something, or warn, even where they change nothing."""
    if switch.get() != before:
        switch.set(before)
