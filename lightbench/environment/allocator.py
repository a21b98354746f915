"""Whether freed memory stays with the process: on Linux that decides a third of some times, by luck.

glibc gives freed memory back to the system when enough of it lies at the end of its heap, and the
next call pays a page fault for every 4 kB of its maps. Whether that happens depends on what else the
process has allocated: ten 1x1 convolutions of 128 channels at 56x56 took 10.7 ms in half of all
processes and 14.4 ms, with 2,256 page faults a call, in the others (AMD EPYC). Within a process it is
always the same, so that no interval shows it.
"""

from __future__ import annotations

import ctypes
import sys

KEPT = "freed memory kept"

# From glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
SIZES = (1 << 30, 32 << 20)  # some versions take no more than 32 MB

_state = {"kept": False}


def keep_freed_memory() -> None:
    """From now on this process keeps what it frees, so that two processes time the same thing. There
    is no way back: glibc does not tell what it would have done. Does nothing without glibc."""
    if _state["kept"] or not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    _state["kept"] = all(
        any(mallopt(option, size) for size in SIZES)
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD)
    )


def facts() -> dict[str, str]:
    """What a record has to say of it: times with and without do not compare."""
    return {"allocator": KEPT} if _state["kept"] else {}
