"""What an NVIDIA GPU says of itself: asked of an object that stands for the library."""

import inspect
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest

from lightbench.devices.support import nvml as reading
from lightbench.devices.support.health import Health
from lightbench.devices.support.nvml import CHOSEN, SLOWED, driver, reader, why_slow

GPU = "GPU-8f6c1c2e-0000-4a55-9d3f-c0ffee000000"
BARE = GPU.removeprefix("GPU-")


class Fake:
    """A driver with one GPU, and what a test says. ``silent`` are the questions it does not know;
    ``absent`` are functions that this version of the library has not."""

    class NVMLError(Exception):
        pass

    NVML_CLOCK_SM, NVML_CLOCK_GRAPHICS, NVML_TEMPERATURE_GPU = 1, 0, 0

    def __init__(self, *, known=(GPU,), slices=(), silent=(), absent=(), reasons=0, gpu=37):
        self.known, self.slices, self.silent, self.absent = known, slices, silent, absent
        self.reasons, self.gpu, self.open, self.asked = reasons, gpu, 0, []

    def __getattribute__(self, name):
        if name.startswith("nvml"):
            if name in self.absent:
                raise AttributeError(name)
            self.asked.append(name)
            if name in self.silent or (self.open == 0 and name != "nvmlInit"):
                return self._refuse
        return object.__getattribute__(self, name)

    def _refuse(self, *_arguments):
        raise self.NVMLError("not supported")

    def nvmlInit(self):
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlSystemGetDriverVersion(self):
        return "570.86.15"

    def nvmlDeviceGetHandleByUUID(self, uuid):
        return uuid if uuid in self.known else self._refuse()

    def nvmlDeviceGetHandleByIndex(self, index):
        return self.known[index] if index < len(self.known) else self._refuse()

    def nvmlDeviceIsMigDeviceHandle(self, handle):
        return handle in self.slices

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, handle):
        return f"whole of {handle}"

    def nvmlDeviceGetClockInfo(self, handle, kind):
        if kind == self.NVML_CLOCK_GRAPHICS:
            return 1500
        return 1200 if "whole" in handle else 1410

    def nvmlDeviceGetMaxClockInfo(self, handle, kind):
        return {1: 1980, 0: 2100}[kind]

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return 48

    def nvmlDeviceGetPowerUsage(self, handle):
        return 215_340  # milliwatts

    def nvmlDeviceGetUtilizationRates(self, handle):
        return SimpleNamespace(gpu=self.gpu, memory=99)

    def nvmlDeviceGetMemoryInfo(self, handle):
        if "whole" in handle:
            return SimpleNamespace(total=80 << 30, used=8 << 30, free=72 << 30)
        return SimpleNamespace(total=10 << 30, used=1 << 30, free=9 << 30)

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        return self.reasons

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle):
        return self.reasons


def health(uuid=GPU, index=0, **gpu):
    return reader(uuid, index, Fake(**gpu), clock=lambda: 12.5)()


def test_a_whole_gpu():
    assert health(reasons=0x4) == Health(
        at_s=12.5,
        clock_mhz=1410,
        max_clock_mhz=1980,
        temperature_c=48,
        power_w=215.34,
        utilization=0.37,
        memory_used_bytes=1 << 30,
        throttled="power limit",
    )


@pytest.mark.parametrize(
    ("function", "field"),
    [
        ("nvmlDeviceGetClockInfo", "clock_mhz"),
        ("nvmlDeviceGetMaxClockInfo", "max_clock_mhz"),
        ("nvmlDeviceGetTemperature", "temperature_c"),
        ("nvmlDeviceGetPowerUsage", "power_w"),
        ("nvmlDeviceGetUtilizationRates", "utilization"),
        ("nvmlDeviceGetMemoryInfo", "memory_used_bytes"),
    ],
)
@pytest.mark.parametrize("how", ["silent", "absent"])
def test_each_value_may_be_missing_by_itself(function, field, how):
    told = vars(health(**{how: (function,)}))
    assert {name for name in told if told[name] is None} == {field, "throttled"}


def test_a_gpu_that_was_lost_is_unknown_and_stops_nothing():
    nvml = Fake()
    read = reader(GPU, 0, nvml, clock=lambda: 1.0)
    nvml.silent = tuple(name for name in dir(Fake) if name.startswith("nvmlDevice"))
    assert read() == Health(at_s=1.0)


def test_a_busier_gpu_than_there_is_is_wholly_busy():
    assert health(gpu=101).utilization == 1.0


# which one


@pytest.mark.parametrize("uuid", [GPU, BARE])
def test_a_gpu_is_found_by_its_uuid_however_written(uuid):
    nvml = Fake(known=("GPU-another", GPU))
    assert reader(uuid, 0, nvml)().power_w == 215.34
    assert "nvmlDeviceGetHandleByIndex" not in nvml.asked


def test_without_a_uuid_it_is_found_by_its_number():
    asked = Fake(known=("GPU-a", "MIG-b"), slices=("MIG-b",))
    assert reader(None, 0, asked)().power_w == 215.34
    assert reader(None, 1, asked)().power_w is None
    assert "nvmlDeviceGetHandleByUUID" not in asked.asked


def test_a_uuid_that_is_not_here_gives_no_reader_though_the_number_would():
    nvml = Fake()
    assert reader("GPU-elsewhere", 0, nvml) is None
    assert nvml.open == 0


def test_a_number_that_is_not_here_gives_no_reader():
    nvml = Fake()
    assert reader(None, 1, nvml) is None
    assert nvml.open == 0


@pytest.mark.parametrize("uuid", ["MIG-5b", "5b"])
def test_a_slice_tells_its_memory_and_the_clock_of_the_whole(uuid):
    read = reader(
        uuid, 0, Fake(known=("MIG-5b",), slices=("MIG-5b",), reasons=0x20), clock=lambda: 0.0
    )
    assert read() == Health(
        at_s=0.0,
        clock_mhz=1200,
        max_clock_mhz=1980,
        temperature_c=48,
        memory_used_bytes=1 << 30,
        throttled="heat",
    )


def test_a_library_that_knows_no_slices_has_none():
    assert health(absent=("nvmlDeviceIsMigDeviceHandle",)).power_w == 215.34


# why it is slow


@pytest.mark.parametrize("bits", [0, 0x1, 0x2, 0x100, 0x103])
def test_a_gpu_at_rest_or_at_a_clock_that_was_set_is_not_slowed_down(bits):
    assert why_slow(bits) is None


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        (0x4, "power limit"),
        (0x8, "hardware slowdown"),
        (0x10, "clock of a slower GPU in the group"),
        (0x20, "heat"),
        (0x40, "heat, by the hardware"),
        (0x80, "power brake of the machine"),
        (0x4 | 0x20 | 0x1, "power limit, heat"),
        (0x800, "reason 0x800"),
    ],
)
def test_reasons_in_words(bits, reason):
    assert why_slow(bits) == reason


def test_older_drivers_give_the_reasons_by_their_old_name():
    new = "nvmlDeviceGetCurrentClocksEventReasons"
    old = "nvmlDeviceGetCurrentClocksThrottleReasons"
    assert health(absent=(new,), reasons=0x4).throttled == "power limit"
    assert health(silent=(new,), reasons=0x4).throttled == "power limit"
    assert health(silent=(new, old), reasons=0x4).throttled is None
    assert health(absent=(old,), reasons=0x4).throttled == "power limit"


# no driver


def test_without_a_driver_there_is_no_reader_and_no_version():
    nvml = Fake(silent=("nvmlInit",))
    assert reader(GPU, 0, nvml) is None
    assert reading._driver(nvml) is None
    assert nvml.open == 0


def test_without_the_library_there_is_no_reader_and_no_version(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert reader(GPU, 0) is None
    assert driver() is None


def test_the_driver_is_asked_and_left_as_it_was(monkeypatch):
    nvml = Fake()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert driver() == "570.86.15"
    assert nvml.open == 0
    assert reading._driver(Fake(silent=("nvmlSystemGetDriverVersion",))) is None
    assert reader(GPU, 0)().clock_mhz == 1410  # without an argument, it is the same library


def test_old_libraries_give_the_version_in_bytes():
    nvml = Fake()
    nvml.nvmlSystemGetDriverVersion = lambda: b"470.82.01"
    assert reading._driver(nvml) == "470.82.01"


# the real library

NAMES = sorted(set(re.findall(r"\b(?:nvml[A-Z]|NVML)\w+", Path(reading.__file__).read_text())))


@pytest.mark.parametrize("name", [x for x in NAMES if x != "nvmlClocksEventReasons"])
def test_what_is_used_exists_in_the_real_library(name):
    assert hasattr(pynvml, name)


@pytest.mark.parametrize(
    "name", [x for x in NAMES if x in vars(Fake) and inspect.isfunction(vars(Fake)[x])]
)
def test_the_fake_takes_what_the_real_library_takes(name):
    """All but trailing arguments with a default."""
    real = list(inspect.signature(getattr(pynvml, name)).parameters.values())
    needed = [p for p in real if p.default is inspect.Parameter.empty]
    assert len(needed) == len(inspect.signature(getattr(Fake, name)).parameters) - 1


@pytest.mark.parametrize(
    ("bit", "name"), [*CHOSEN.items(), *((bit, name) for bit, (name, _) in SLOWED.items())]
)
def test_each_bit_is_what_nvidia_says_it_is(bit, name):
    assert getattr(pynvml, f"nvmlClocksEventReason{name}") == bit
    assert getattr(pynvml, f"nvmlClocksThrottleReason{name}") == bit


def test_every_reason_that_nvidia_names_is_either_chosen_or_slows():
    total = pynvml.nvmlClocksEventReasonAll
    assert sum(CHOSEN) + sum(SLOWED) == total
    assert not CHOSEN.keys() & SLOWED.keys()


def test_structures_have_the_fields_that_are_read():
    assert "gpu" in dict(pynvml.c_nvmlUtilization_t._fields_)
    assert "used" in dict(pynvml.c_nvmlMemory_t._fields_)
    assert (Fake.NVML_CLOCK_SM, Fake.NVML_TEMPERATURE_GPU) == (
        pynvml.NVML_CLOCK_SM,
        pynvml.NVML_TEMPERATURE_GPU,
    )


def test_the_real_library_says_nothing_or_a_version():
    version = driver()
    assert version is None or re.match(r"\d+\.", version)
