"""What this machine says about itself: small readers, each of one fact, None where it is not told.

Files are read below ``Source.root`` and everything else comes through ``Source`` too, so a test
describes a machine in a folder. Nothing here reads a user name, a host name or a path.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import psutil

from lightbench.environment import git, waiting

TIME_LIMIT_S = 2.0  # for git and sysctl: a slow disk must not delay a measurement
CPUS = "sys/devices/system/cpu"


def _output(command: list[str]) -> str:
    return subprocess.run(  # noqa: S603  fixed commands, no shell
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=TIME_LIMIT_S,
        env=git.environ(),
    ).stdout.strip()


@dataclass(frozen=True)
class Source:
    """Where facts come from; the defaults are this machine, this process, this working directory.
    ``torch`` is the module if it is imported already: it is never imported for this."""

    root: Path = Path("/")
    directory: Path = Path()
    platform: Any = platform
    psutil: Any = psutil
    torch: ModuleType | Any | None = field(default_factory=lambda: sys.modules.get("torch"))
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    output: Callable[[list[str]], str] = _output

    def text(self, path: str) -> str | None:
        """A file below the root, stripped; None where it is not there or may not be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip("\0 \n")
        except OSError:
            return None

    def texts(self, pattern: str) -> list[str]:
        """All files below the root that fit the pattern and can be read."""
        paths = sorted(path.relative_to(self.root) for path in self.root.glob(pattern))
        return [text for path in paths if (text := self.text(path.as_posix())) is not None]


def cpu(source: Source) -> str | None:
    """Name of the processor: "AMD EPYC 7B13"; on ARM boards the board's, or the core's codes."""
    if source.platform.system() == "Darwin":
        return source.output(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"])
    info = source.text("proc/cpuinfo")
    if info is None:
        return source.platform.processor() or None
    known = dict(re.findall(r"^([^\t:]+?)\s*: *(.+)$", info, re.MULTILINE))
    codes = [known[key] for key in ("CPU implementer", "CPU part") if key in known]
    board = source.text("sys/firmware/devicetree/base/model") or known.get("Hardware")
    return known.get("model name") or board or " ".join(codes) or None


def usable_cores(source: Source) -> int | None:
    """Logical cores this process may be scheduled on (affinity); all of them where there is no such
    notion (macOS)."""
    process = source.psutil.Process()
    if hasattr(process, "cpu_affinity"):
        return len(process.cpu_affinity())
    count: int | None = source.psutil.cpu_count()
    return count


def cpu_quota_percent(source: Source) -> int | None:
    """CPU time a container may use, 150 is one core and a half; None without a limit.

    The tightest limit counts, from the process's own group up to the root of what is mounted:
    ``cpu.max`` (cgroup v2) or ``cpu.cfs_quota_us`` over ``cpu.cfs_period_us`` (v1).
    """
    shares = []
    for base, first_version in cpu_groups(source):
        if first_version:
            files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            limit = [source.text(f"{base}/{file}") or "" for file in files]
        else:
            limit = (source.text(f"{base}/cpu.max") or "").split()
        if len(limit) == 2 and all(number.isdecimal() for number in limit):  # not "max", not -1
            shares.append(round(100 * int(limit[0]) / int(limit[1])))
    return min(shares, default=None)


def cpu_groups(source: Source) -> Iterator[tuple[str, bool]]:
    """The folders of this process's control groups that have to do with the CPU, from its own up to
    the root of what is mounted; and whether they are of cgroup v1."""
    for line in (source.text("proc/self/cgroup") or "").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = f"sys/fs/cgroup/{controllers}" if controllers else "sys/fs/cgroup"
        inside = PurePosixPath(group.lstrip("/"))
        for folder in (inside, *inside.parents):
            yield f"{mount}/{folder}", bool(controllers)


def torch_build(source: Source) -> str | None:
    """The libraries that do the arithmetic for PyTorch: "MKL 2024.2, oneDNN 3.12.0"."""
    if source.torch is None:
        return None
    text = source.torch.__config__.show()
    found = {name: re.search(pattern, text) for name, pattern in _LIBRARIES.items()}
    return ", ".join(f"{name} {match[1]}" for name, match in found.items() if match) or None


_LIBRARIES = {
    "MKL": r"Math Kernel Library Version ([\d.]+)",
    "oneDNN": r"MKL-DNN v([\d.]+)",
    "OpenMP": r"OpenMP (\d+)",
    "BLAS": r"BLAS_INFO=(\w+)",
}


def settings(source: Source) -> str | None:
    """Environment variables that change how fast the same code runs; None where none is set."""
    said = (k for k in _SETTINGS if k in source.environ)
    return ", ".join(f"{k}={source.environ[k]}" for k in said if not _usual(k, source)) or None


def _usual(name: str, source: Source) -> bool:
    """Is it as the command sets it itself? See `environment.waiting`."""
    return name == waiting.VARIABLE and waiting.asleep(source.environ)


_SETTINGS = (
    "ATEN_CPU_CAPABILITY",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DYNAMIC",
    "OMP_WAIT_POLICY",
    "OMP_PROC_BIND",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
    "TORCHINDUCTOR_FREEZING",
)


def governor(source: Source) -> str | None:
    """Frequency governor of the cores: "performance", or several where the cores differ."""
    return ", ".join(sorted({*source.texts(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_governor")})) or None


def governor_driver(source: Source) -> str | None:
    """The driver that obeys the governor: "acpi-cpufreq", "intel_pstate", ..."""
    return ", ".join(sorted({*source.texts(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_driver")})) or None


def turbo(source: Source) -> str | None:
    """Whether the clock may rise above its base: "on" or "off"; None where Linux does not tell."""
    for path, on in ((f"{CPUS}/intel_pstate/no_turbo", "0"), (f"{CPUS}/cpufreq/boost", "1")):
        if value := source.text(path):
            return "on" if value == on else "off"
    return None


def throttle_count(source: Source) -> int | None:
    """How often the cores were slowed down for heat since the machine started."""
    counts = source.texts(f"{CPUS}/cpu[0-9]*/thermal_throttle/core_throttle_count")
    return sum(map(int, counts)) if counts else None


def power(source: Source) -> str | None:
    """What feeds a machine that has a battery: "battery" or "mains"; None without one."""
    state = source.psutil.sensors_battery()
    if state is None or state.power_plugged is None:
        return None
    return "mains" if state.power_plugged else "battery"


def commit(source: Source) -> str | None:
    """The git commit of the working directory, with "-dirty" if tracked files were changed."""
    if shutil.which("git") is None:
        return None
    # Not `git describe --dirty`, which writes the index anew whatever it is told.
    asked = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--no-renames")
    said = source.output(
        git.command("-C", str(source.directory), *asked, "--untracked-files=no")
    ).splitlines()
    head = next((line.split()[-1] for line in said if line.startswith("# branch.oid ")), "")
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head):
        return None  # "(initial)": nothing is committed yet
    return f"{head}-dirty" if any(not line.startswith("#") for line in said) else head
