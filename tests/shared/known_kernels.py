"""Kernels of known length on the simulated device, and what a child process needs to time them."""

MIB = 1 << 20
LENGTH_S = 0.040  # of one call: ten kernels of 4 ms

SETUP = """
from contextlib import contextmanager, nullcontext
from lightbench.devices.support import accelerator as module
from lightbench.devices.support.accelerator import Accelerator, accelerator
from lightbench.devices.support.health import Health
from lightbench.devices.support.quirks import Quirks, in_torch
from lightbench.errors import LightbenchError

module.CLOCK_S = 0.0  # of matrix products: no clock here rises
MIB = 1 << 20

def quirks(**changes):
    facts = lambda index: {"accelerator": f"simulated {index}"}
    return Quirks(**{"probe": in_torch("sim", "Load it."), "facts": facts, **changes})

def on(index=0, options=(), kind=Accelerator, **changes):
    return kind("sim", index, quirks(**changes), options)

def ten_kernels():
    for _ in range(10):
        x.relu_()
    return x

def tries(step, n=1, times=4):
    readings = [step(n)._asdict() for _ in range(times)]
    return {clock: [reading[clock] for reading in readings] for clock in readings[0]}

def refused(work):
    try:
        work()
    except LightbenchError as error:
        return [type(error).__name__, error.message, error.hint]

if torch.accelerator.device_count():
    x = torch.zeros(8, device="sim")
"""
