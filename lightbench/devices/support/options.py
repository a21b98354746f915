"""How a device may be asked to run what it is given: the words of all of them, and what each does.

A device's own stand in its file, ``OPTIONS``: {"npu-jit": "what the command line says of it"}. Each
is an option of `lightbench profile` and a setting of `lightbench compare`.
"""

from __future__ import annotations

from lightbench import registry
from lightbench.devices.support.base import COLD, GRAPH
from lightbench.records.case import ENERGY, TRANSFERS

SHARED = {  # by accelerators
    GRAPH: "Accelerators: record the call, and play it again.",
    COLD: "Accelerators: empty the last cache before a call.",
    TRANSFERS: "Accelerators: also time the copies there and back.",
    ENERGY: "Accelerators, and CPUs that count it (RAPL): also energy per image.",
}


def device_options() -> dict[str, str]:
    """All of them. No device is imported for it."""
    known = dict(SHARED)
    for name in registry.names("device"):
        for option, about in (registry.literal("device", name, "OPTIONS") or {}).items():
            known.setdefault(option, about)
    return known
