"""What state an NPU installation is in, found out in a child process.

Importing torch_npu can raise and leave torch unusable, end the process with SIGABRT (a CUDA build of
torch beside CANN), or not return. So it is first imported where that does no harm. Run as a module
this file is that child: ``python -m lightbench.devices.support.npu_probe FD`` writes its answer to FD,
since torch_npu prints to stdout.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any, Literal

from lightbench.errors import DeviceUnavailable
from lightbench.workers import autoload
from lightbench.workers.clean_start import command_of
from lightbench.workers.manager import started

State = Literal[
    "ok",
    "absent",
    "no-cann",
    "no-driver",
    "cann-env",
    "no-device",
    "conflict",
    "old-cann",
    "crash",
    "hang",
    "broken",
]
TIME_LIMIT_S = 120.0  # an import takes 2 to 3 s, with a cold disk much more
DRIVER = ("libascend_hal.so", "libdrvdsmi_host.so", "libdcmi.so", "libmmpa.so")
MOUNTS = "/dev/davinci0, /dev/davinci_manager, /dev/devmm_svm and /dev/hisi_hdc"
NEXT = "then try `lightbench devices`."


@dataclass(frozen=True)
class Probe:
    """The answer: ``facts`` are comparable ones of each device, in its order."""

    state: State
    detail: str = ""  # the missing library, or what was said last
    version: str = ""  # of torch_npu
    count: int = 0
    facts: tuple[Mapping[str, Any], ...] = field(default=())
    memory: tuple[int | None, ...] = ()  # bytes of each device


def _absent(_: Probe) -> tuple[str, str]:
    torch = metadata.version("torch").partition("+")[0]
    return "torch_npu is not installed", f"pip install torch-npu=={torch}, {NEXT}"


def _no_cann(found: Probe) -> tuple[str, str]:
    home = "" if os.environ.get("ASCEND_HOME_PATH") else " (ASCEND_HOME_PATH is not set)"
    return (
        f"torch_npu {found.version} is installed but CANN's {found.detail} was not found",
        f"Install the CANN toolkit and source its set_env.sh{home}, {NEXT}",
    )


# A state -> why there is no NPU, and the next step.
SAYS: Mapping[State, Callable[[Probe], tuple[str, str]]] = {
    "absent": _absent,
    "no-cann": _no_cann,
    "no-driver": lambda found: (
        f"torch_npu {found.version} and CANN are installed, the driver's {found.detail} was not found",
        f"Install the Ascend driver and firmware; in a container mount the driver's folder, {NEXT}",
    ),
    "old-cann": lambda found: (
        f"torch_npu {found.version} calls {found.detail}, which this CANN does not have",
        f"Install the CANN version that torch_npu's release notes name, and source it, {NEXT}",
    ),
    "cann-env": lambda found: (
        f"CANN is installed but not set up: {found.detail}",
        f"Source CANN's set_env.sh, {NEXT}",
    ),
    "no-device": lambda found: (
        f"torch_npu {found.version} and CANN are installed but they see no device",
        f"Does `npu-smi info` list one? In a container mount {MOUNTS}; {NEXT}",
    ),
    "conflict": lambda found: (
        f"torch_npu {found.version} refuses this build of PyTorch: {found.detail}",
        f"Install the CPU build of PyTorch of the same version, {NEXT}",
    ),
    "crash": lambda found: (
        f"importing torch_npu {found.version} ends the process: {found.detail}",
        f"If PyTorch is a CUDA build, install the CPU build of the same version, {NEXT}",
    ),
    "hang": lambda found: (
        f"importing torch_npu {found.version} does not return: {found.detail}",
        f"Does `npu-smi info` return? Restart the driver if it does not, {NEXT}",
    ),
    "broken": lambda found: (
        f"torch_npu {found.version} does not load: {found.detail}",
        f"Does its version fit PyTorch's? pip install torch-npu==<version of torch>, {NEXT}",
    ),
}


def why(found: Probe) -> DeviceUnavailable | None:
    """The answer as what is said to the user; None: there is an NPU."""
    if found.state == "ok":
        return None
    reason, hint = SAYS[found.state](found)
    return DeviceUnavailable(f"no NPU here: {reason.rstrip('.')}.", hint)


@cache
def probe() -> Probe:
    """The state of this installation, found out once."""
    return probe_now()


def probe_now(*, limit_s: float = TIME_LIMIT_S) -> Probe:
    """The same, afresh."""
    try:
        version = metadata.version("torch-npu")
    except metadata.PackageNotFoundError:
        return Probe("absent")
    environ = {autoload.VARIABLE: "0"}
    with started(command_of(__name__), environ=environ, words=True) as child:
        try:
            answer = child.answer(limit_s)
        except TimeoutError:
            return Probe("hang", f"it was stopped after {limit_s:.0f} s", version)
        if answer is None:
            said = _last_words(child.words())
            return Probe("crash", f"exit code {child.process.returncode}, {said}", version)
    return _read(answer[1], version)


def _last_words(said: list[str]) -> str:
    lines = [line.strip() for line in said if line.strip()]
    what = [line for line in lines if "what():" in line] or lines or ["it said nothing"]
    return what[-1]


def _read(answer: Mapping[str, Any], version: str) -> Probe:
    error = answer.get("error", "")
    if library := re.search(r"(\S+\.so\S*): cannot open shared object file", error):
        state: State = "no-driver" if library[1] in DRIVER else "no-cann"
        return Probe(state, library[1], version)
    if symbol := re.search(r"undefined symbol: (\w+)", error):
        return Probe("old-cann", symbol[1], version)
    if "ASCEND_OPP_PATH" in error or "set_env.sh" in error:
        return Probe("cann-env", error.partition("ERROR")[0].strip(" ["), version)
    if "Two accelerators" in error:
        return Probe("conflict", error, version)
    if error:
        return Probe("broken", error, version)
    facts = tuple(answer["facts"])
    memory = tuple(answer["memory"])
    return Probe("ok" if facts else "no-device", "", version, len(facts), facts, memory)


def main() -> None:
    """The child: import, ask, answer, and leave without tearing anything down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    answer: dict[str, Any] = {}
    try:
        import torch  # noqa: F401  always before torch_npu
        from torch_npu import npu

        from lightbench.devices.support.npu_facts import facts_here, memory_here

        indices = range(npu.device_count())
        answer["memory"] = [memory_here(index) for index in indices]
        answer["facts"] = [facts_here(index) for index in indices]
    except BaseException as error:  # noqa: BLE001  whatever it is, the parent explains it
        text = str(error).encode(errors="replace").decode()  # a path may be no text
        answer["error"] = " ".join(text.split())
    os.write(int(sys.argv[1]), json.dumps(["answer", answer]).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    main()
