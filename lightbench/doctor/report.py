"""The report: what is installed, what the machine has, what its devices say, and a self-test."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from lightbench import devices
from lightbench.devices.support import inventory, npu_smi, nvml
from lightbench.devices.support.inventory import Found
from lightbench.doctor.anonymous import Nameless, variables
from lightbench.doctor.apart import selftest
from lightbench.doctor.checks import Selftest
from lightbench.environment.capture import capture
from lightbench.environment.version import VERSION
from lightbench.errors import NotAvailable, UsageError
from lightbench.records import Environment

SCHEMA = 1
PACKAGES = ("torch", "torchvision", "torch_npu", "numpy", "onnxruntime", "openvino", "executorch")
# What a container must be given for an Ascend NPU, below the root; a star is the device's number.
MOUNTS = (
    "dev/davinci[0-9]*",
    "dev/davinci_manager",
    "dev/devmm_svm",
    "dev/hisi_hdc",
    "usr/local/dcmi",
    "usr/local/Ascend/driver",
)
CANN = "CANN"
MOUNTED_BELOW = Path("/")
Test = Callable[[str], Selftest]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it. ``asked`` is the device that the question was about."""

    asked: Found
    versions: Mapping[str, str | None]
    drivers: Mapping[str, str | None]
    variables: Mapping[str, str]
    mounts: Mapping[str, bool]
    environment: Environment
    devices: tuple[Found, ...]
    selftest: Selftest | None = None

    @property
    def exit_code(self) -> int:
        """4: the device is not available; 3: a check of the self-test is not ok; else 0."""
        if not self.asked.usable:
            return NotAvailable.exit_code
        return 0 if self.selftest is None or self.selftest.passed else 3

    def data(self, nameless: Nameless) -> dict[str, Any]:
        """As builtins for JSON, without names of user, host and home folder."""
        plain: dict[str, Any] = {
            "schema": SCHEMA,
            "device": self.asked.device,
            "usable": self.asked.usable,
            "versions": self.versions,
            "drivers": self.drivers,
            "variables": self.variables,
            "mounts": self.mounts,
            "environment": msgspec.to_builtins(self.environment),
            "devices": inventory.data(self.devices),
            "selftest": None,
        }
        if self.selftest is not None:
            tested = msgspec.to_builtins(self.selftest)
            plain["selftest"] = {**tested, "passed": self.selftest.passed}
        found: dict[str, Any] = nameless(plain)
        return found


def examine(device: str, *, test: bool = False, run: Test = selftest) -> Report:
    """Of this machine, and of a device as a user writes it. Raises UsageError, UnknownName."""
    found = inventory.everything()  # imports torch, so that the environment knows it
    asked = _asked(device, found)
    if asked.torch_device == "meta" and test:
        raise UsageError(f"{asked.device} computes nothing to test.", "Try --device cpu.")
    return Report(
        asked=asked,
        versions=versions(),
        drivers={"nvidia": nvml.driver(), "ascend": npu_smi.driver_version()},
        variables=variables(os.environ),
        mounts=mounts(MOUNTED_BELOW, os.environ),
        environment=capture(threads=None),
        devices=found,
        selftest=run(asked.device) if test and asked.usable else None,
    )


def _asked(text: str, found: tuple[Found, ...]) -> Found:
    """Of the devices that were found; one that is not among them says why itself."""
    if text == devices.AUTO:
        text = inventory.automatic(found)
    try:
        name = devices.one(text)
        if known := next((one for one in found if one.device == name), None):
            return known
        reason = devices.find(name).unavailable()
        return inventory.unusable(name, reason or NotAvailable(f"{name} was not found."))
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001  a plugin that does not load is what this is about
        return inventory.unusable(text, error)


def versions() -> dict[str, str | None]:
    """Of Python and of packages, which are not imported for it; None where one is not installed.

    One that is imported says its own, which names the build: 2.13.0+cu130 where the package index has
    2.13.0.
    """
    built = getattr(sys.modules.get("torch"), "version", None)
    return {
        "python": platform.python_version(),
        "lightbench": VERSION,
        **{name: _version(name) for name in PACKAGES},
        **{f"torch_{name}": getattr(built, name, None) for name in ("git_version", "cuda", "hip")},
    }


def _version(package: str) -> str | None:
    if own := getattr(sys.modules.get(package), "__version__", None):
        return str(own)
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def mounts(root: Path, environ: Mapping[str, str]) -> dict[str, bool]:
    """What of `MOUNTS` is there, npu-smi, and CANN."""
    there = {f"/{pattern}": any(root.glob(pattern)) for pattern in MOUNTS}
    tool = shutil.which("npu-smi", path=environ.get("PATH", ""))
    return {**there, "npu-smi": tool is not None, CANN: _cann(root, environ)}


def _cann(root: Path, environ: Mapping[str, str]) -> bool:
    """Is CANN's runtime where the environment says that CANN is, as its set_env.sh sets it?"""
    homes = (environ.get(name) for name in ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME"))
    places = [root / home.lstrip("/") for home in homes if home]
    return any(
        any(place.glob(pattern))
        for place in places
        for pattern in ("lib64/libascendcl.so", "*/lib64/libascendcl.so")
    )
