"""What an NVIDIA GPU says of itself, through NVIDIA's management library (NVML).

Nothing here raises where there is no such library, no driver, or no such value: it is not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lightbench.devices.support.health import Health, Read

# Bits of nvmlDeviceGetCurrentClocksEventReasons (nvml.h, "nvmlClocksEventReasons"). These are not
# throttling: the GPU rests, or somebody has set its clock and it keeps to that.
CHOSEN = {
    0x1: "GpuIdle",
    0x2: "ApplicationsClocksSetting",
    0x100: "DisplayClockSetting",
}
# These are: the clock is lower than the load asks for, and for how long depends on what came before.
# A power cap is among them though large networks reach it on a healthy GPU: there the time is that
# of the limit and of the room's temperature, and whoever compares two of them has to know.
SLOWED = {
    0x4: ("SwPowerCap", "power limit"),
    0x8: ("HwSlowdown", "hardware slowdown"),
    0x10: ("SyncBoost", "clock of a slower GPU in the group"),
    0x20: ("SwThermalSlowdown", "heat"),
    0x40: ("HwThermalSlowdown", "heat, by the hardware"),
    0x80: ("HwPowerBrakeSlowdown", "power brake of the machine"),
}


def why_slow(bits: int) -> str | None:
    """The reasons in words; what this version does not know is given as its bit. None: no reason."""
    found = []
    for bit in (1 << n for n in range(64) if bits >> n & 1):
        if bit in SLOWED:
            found.append(SLOWED[bit][1])
        elif bit not in CHOSEN:
            found.append(f"reason {bit:#x}")
    return ", ".join(found) or None


def _library() -> Any | None:
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def _opened(nvml: Any) -> bool:
    """Is there a driver to ask?"""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return False
    return True


def driver() -> str | None:
    """Version of the driver: "570.86.15"; None without one."""
    return _driver(_library())


def _driver(nvml: Any | None) -> str | None:
    if nvml is None or not _opened(nvml):
        return None
    version = _told(nvml, "nvmlSystemGetDriverVersion")
    with suppress(nvml.NVMLError):
        nvml.nvmlShutdown()
    return version.decode() if isinstance(version, bytes) else version


def reader(
    uuid: str | None,
    index: int,
    nvml: Any | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Read | None:
    """What reads one GPU; None without driver or library, or where it is not found.

    ``uuid`` as PyTorch gives it, with or without its "GPU-" or "MIG-": PyTorch counts the visible
    devices, fastest first, NVML all of them by their place, so ``index`` (NVML's) is for lack of a
    UUID only. The library stays open, as long as the process may read.

    Clock, temperature and reasons of a MIG slice are those of the whole GPU. Power and utilization
    of the whole GPU are not the slice's, so they are not known.
    """
    nvml = nvml or _library()
    if nvml is None or not _opened(nvml):
        return None
    part = _handle(nvml, uuid, index)
    if part is None:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()
        return None
    is_slice = bool(_told(nvml, "nvmlDeviceIsMigDeviceHandle", part))
    whole = _told(nvml, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", part) if is_slice else part

    def read() -> Health:
        at_s = clock()
        milliwatts = None if is_slice else _told(nvml, "nvmlDeviceGetPowerUsage", part)
        rates = None if is_slice else _told(nvml, "nvmlDeviceGetUtilizationRates", part)
        memory = _told(nvml, "nvmlDeviceGetMemoryInfo", part)
        return Health(
            at_s=at_s,
            clock_mhz=_told(nvml, "nvmlDeviceGetClockInfo", whole, nvml.NVML_CLOCK_SM),
            max_clock_mhz=_told(nvml, "nvmlDeviceGetMaxClockInfo", whole, nvml.NVML_CLOCK_SM),
            temperature_c=_told(nvml, "nvmlDeviceGetTemperature", whole, nvml.NVML_TEMPERATURE_GPU),
            power_w=None if milliwatts is None else milliwatts / 1000,
            utilization=None if rates is None else min(rates.gpu / 100, 1.0),
            memory_used_bytes=None if memory is None else int(memory.used),
            throttled=why_slow(_reasons(nvml, whole) or 0),
        )

    return read


def _handle(nvml: Any, uuid: str | None, index: int) -> Any | None:
    if uuid is None:
        return _told(nvml, "nvmlDeviceGetHandleByIndex", index)
    names = (uuid,) if uuid.startswith(("GPU-", "MIG-")) else (f"GPU-{uuid}", f"MIG-{uuid}")
    found = (_told(nvml, "nvmlDeviceGetHandleByUUID", name) for name in names)
    return next((handle for handle in found if handle is not None), None)


def _reasons(nvml: Any, handle: Any) -> int | None:
    """The bits, by the name of driver 535 and later or by the one before."""
    bits: int | None = _told(nvml, "nvmlDeviceGetCurrentClocksEventReasons", handle)
    if bits is None:
        bits = _told(nvml, "nvmlDeviceGetCurrentClocksThrottleReasons", handle)
    return bits


def _told(nvml: Any, function: str, *arguments: Any) -> Any | None:
    """What NVML answers; None where GPU, driver or library do not know the question."""
    ask = getattr(nvml, function, None)
    if ask is None:
        return None
    try:
        return ask(*arguments)
    except nvml.NVMLError:
        return None
