"""Commands that measure on the simulated CANN, what they leave behind, and how long its kernels take."""

import sys
from pathlib import Path

from nets import KERNELS

from lightbench.records import store as records

HERE = Path(__file__).parents[1] / "npu"
PROGRAM = Path(sys.executable).with_name("lightbench")
NETWORKS = HERE / "nets.py"
SHORT = ("--input", "8", "--seconds", "0.3", "--rel", "0.5", "-q")
KERNEL_S = 0.002
KNOWN_S = KERNELS * KERNEL_S  # the least that TenKernels takes
GENEROUS = 10  # the processors are shared


def of(*names):
    return [f"{NETWORKS}:{name}" for name in names]


def profile(*names, device="npu", more=()):
    return ["profile", *of(*names), "--device", device, *SHORT, *more]


KNOWN = {"SIMCANN_KERNEL_US": KERNEL_S * 1e6}


def lines(file):
    return file.read_text().splitlines() if file.exists() else []


def read(file):
    """Without the networks that are timed so that runs can be compared."""
    found = records.read(file) if file.exists() else []
    return [record for record in found if not (record.run and record.run.anchor)]


def wrong(device_s, launch_s, wall_s):
    """What is wrong with the times of one call of TenKernels."""
    return {
        name
        for name, holds in {
            "device below the kernels": device_s is None or device_s >= KNOWN_S,
            "no time of the device": device_s is not None,
            "wall below the kernels": wall_s >= KNOWN_S,
            "wall far above": wall_s < GENEROUS * KNOWN_S,
            "launch waits": launch_s < KNOWN_S,
        }.items()
        if not holds
    }
