"""A simulated accelerator for tests: PyTorch's device "sim", made of host memory and a clock.

    import simdevice, torch

    simdevice.load(kernel_s=2e-3, devices=2)
    x = torch.ones(8, device="sim:1")
    x.relu_()                               # returns at once; the device is busy for 2 ms
    torch.accelerator.synchronize()

Every operator is one kernel of the same known length. ``torch.accelerator``, ``torch.Event``,
``torch.Stream`` and the memory statistics work, and values are those of the CPU. There is no cache of
freed memory, no pinned memory, no graph and no generator of its own: ``torch.manual_seed`` is the CPU's.

A process keeps the device until it ends: load it in a child, as the fixture ``on_sim`` does.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import shutil
import subprocess
import types
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import torch

SOURCE = Path(__file__).with_suffix(".cpp")
BUILD = SOURCE.parent / "build"
TORCH = Path(torch.__file__).parent
MAX_DEVICES = 16  # kMaxDevices in the source
COMMAND = (
    "g++",
    "-std=c++20",
    "-O1",
    "-Wall",
    "-shared",
    "-fPIC",
    f"-isystem{TORCH / 'include'}",
    f"-L{TORCH / 'lib'}",
    "-ltorch_cpu",
    "-lc10",
)


@dataclass(frozen=True)
class Settings:
    """What a device is like. Times in seconds, memory in bytes; all devices are alike."""

    devices: int = 1
    kernel_s: float = 0.0  # of each kernel, on the device
    transfer_s: float = 0.0  # of each copy between host and device, on the device
    launch_s: float = 0.0  # of each launch, on the host, at least: it also computes the values
    memory_bytes: int = 1 << 30  # of each device


def missing() -> str | None:
    """Why the device cannot be built here; None: it can."""
    return None if shutil.which(COMMAND[0]) else "the simulated device needs g++."


def load(**settings: float) -> None:
    """Make "sim" a device of this process; keywords as in `Settings`. Compiles where nobody has."""
    configure(**settings)
    torch.utils.rename_privateuse1_backend("sim")
    torch._register_device_module("sim", _module())


def configure(**changes: float) -> None:
    """Change some of the settings: from the next launch on."""
    global _settings  # noqa: PLW0603 - a process has one such device, as PyTorch has
    changed = replace(_settings, **changes)
    if not 0 <= changed.devices <= MAX_DEVICES:
        raise ValueError(f"there can be 0 to {MAX_DEVICES} devices, not {changed.devices}.")
    _library().sim_configure(*asdict(changed).values())
    _settings = changed


def launches() -> int:
    """Kernels and copies launched so far."""
    return int(_library().sim_launches())


def waits() -> int:
    """How often the host has waited for a device so far, for whatever reason."""
    return int(_library().sim_waits())


def build() -> Path:
    """The compiled library. Processes that need it at the same time wait for the one that compiles."""
    key = "\0".join((SOURCE.read_text(), torch.__version__, *COMMAND))
    library = BUILD / f"simdevice-{hashlib.sha256(key.encode()).hexdigest()[:16]}.so"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            unfinished = library.with_suffix(".unfinished")
            compiler, *flags = COMMAND
            command = [compiler, SOURCE, *flags, "-o", unfinished]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(
                    f"{SOURCE} does not fit torch {torch.__version__}:\n{done.stderr}"
                )
            unfinished.replace(library)
    return library


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(build()))
    number, seconds = ctypes.c_int64, ctypes.c_double
    library.sim_configure.argtypes = (ctypes.c_int, seconds, seconds, seconds, number)
    library.sim_configure.restype = None
    library.sim_launches.restype = library.sim_waits.restype = number
    return library


def _module() -> types.ModuleType:
    """``torch.sim``: what PyTorch asks of such a module."""
    module = types.ModuleType("torch.sim")
    module.is_available = lambda: _settings.devices > 0
    module.device_count = lambda: _settings.devices
    module.current_device = torch.accelerator.current_device_index
    module._is_in_bad_fork = lambda: False
    module.manual_seed_all = lambda seed: None
    module.get_amp_supported_dtype = lambda: [torch.bfloat16, torch.float16]
    return module


_settings = Settings()
