"""How threads wait for their next piece of work: asleep, or spinning on a core that others then lack.

OpenMP's threads spin unless ``OMP_WAIT_POLICY`` says otherwise before the process starts. On a machine with anything else
to do that takes the core from whoever would give them work: mobilenet_v2 with two threads, six programs running: 609 ms
of the wall a call, and 64 ms when they sleep.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "OMP_WAIT_POLICY"
ASLEEP = "passive"


def wait_asleep() -> None:
    """From here on in this process and those that it starts, unless its user has chosen. Before PyTorch is
    imported: OpenMP reads it once."""
    os.environ.setdefault(VARIABLE, ASLEEP)


def asleep(environ: Mapping[str, str]) -> bool:
    """Is it said that threads sleep?"""
    return environ.get(VARIABLE, "").strip().lower() == ASLEEP


def facts(threads: int | None, environ: Mapping[str, str]) -> dict[str, str | int | None]:
    """What makes times comparable: nothing for one thread, which waits for no other."""
    return {"waiting": ASLEEP} if threads != 1 and asleep(environ) else {}
