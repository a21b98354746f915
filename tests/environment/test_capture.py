"""What a machine says about itself: described here in folders and objects, never this machine."""

import ast
import getpass
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from described import CPUS, source
from hypothesis import given
from hypothesis import strategies as st

import lightbench.timing
from lightbench.environment.capture import COMPARABLE, NOTED, capture, warnings
from lightbench.environment.machine import Source
from lightbench.records import Environment

TORCH = SimpleNamespace(
    __version__="2.13.0+cpu",
    __config__=SimpleNamespace(
        show=lambda: (
            "PyTorch built with:\n"
            "  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for\n"
            "  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)\n"
            "  - OpenMP 201511 (a.k.a. OpenMP 4.5)\n"
            "  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release\n"
        )
    ),
    backends=SimpleNamespace(cpu=SimpleNamespace(get_cpu_capability=lambda: "AVX512")),
)


# capture


def test_a_whole_machine(tmp_path):
    files = {
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu\n",
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/cpu.max": "150000 100000",
        f"{CPUS}/cpu0/cpufreq/scaling_governor": "performance",
        f"{CPUS}/cpu1/cpufreq/scaling_governor": "performance",
        f"{CPUS}/cpu0/cpufreq/scaling_driver": "acpi-cpufreq",
        f"{CPUS}/cpufreq/boost": "1",
        f"{CPUS}/cpu0/thermal_throttle/core_throttle_count": "3",
        f"{CPUS}/cpu1/thermal_throttle/core_throttle_count": "4",
    }
    environ = {"ONEDNN_MAX_CPU_ISA": "AVX2", "GITHUB_TOKEN": "canary"}
    here = source(tmp_path, files, torch=TORCH, environ=environ)
    captured = capture(threads=2, extra={"gpu": "H200"}, source=here)
    assert captured.comparable == {
        "cpu": "AMD EPYC 7B13",
        "architecture": "x86_64",
        "logical_cores": 8,
        "physical_cores": 4,
        "usable_cores": 4,
        "cpu_quota_percent": 150,
        "os": "Linux",
        "python": "3.12",
        "torch": "2.13.0+cpu",
        "torch_build": "MKL 2024.2, oneDNN 3.12.0, OpenMP 201511, BLAS mkl",
        "cpu_capability": "AVX512",
        "settings": "ONEDNN_MAX_CPU_ISA=AVX2",
        "threads": 2,
        "gpu": "H200",
    }
    noted = dict(captured.noted)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", noted.pop("time"))
    noted.pop("lightbench")
    assert noted == {
        "governor": "performance",
        "governor_driver": "acpi-cpufreq",
        "turbo": "on",
        "throttle_count": 7,
        "power": "mains",
        "load_1min": 0.25,
        "memory_total_bytes": 16_000_000_000,
        "memory_free_bytes": 9_000_000_000,
        "kernel": "6.1.0",
        "commit": None,
    }


def test_what_a_bare_machine_does_not_tell_is_unknown(tmp_path):
    """No /proc, no /sys, nothing that psutil or platform knows: a system nobody thought of."""
    nothing = SimpleNamespace()
    bare = source(tmp_path, platform=nothing, psutil=nothing)
    captured = capture(threads=None, source=bare)
    assert set(captured.comparable.values()) == {None}
    known = {name for name, value in captured.noted.items() if value is not None}
    assert known <= {"lightbench", "time"}
    assert warnings(captured) == ()


@given(st.sampled_from([*COMPARABLE, *NOTED]))
def test_a_fact_that_raises_is_unknown_and_stops_nothing(name):
    def broken(source):
        raise RuntimeWarning("a machine like no other")

    table = COMPARABLE if name in COMPARABLE else NOTED
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table, name, broken)
        captured = capture(threads=1, source=source(Path("/nowhere")))
    assert {**captured.comparable, **captured.noted}[name] is None


def test_this_machine_is_captured_and_survives_storage():
    captured = capture(threads=1, source=Source(directory=Path("/")))
    assert captured.comparable["logical_cores"] >= 1
    assert msgspec.json.decode(msgspec.json.encode(captured), type=Environment) == captured


def test_nobody_is_named():
    captured = capture(threads=1, source=Source(directory=Path("/")))
    text = msgspec.json.encode(captured).decode()
    secrets = {socket.gethostname(), str(Path.home()), getpass.getuser(), str(Path.cwd())}
    # Names that are also ordinary words of a record ("linux") prove nothing.
    for secret in secrets - {"/", "localhost", "root"}:
        assert not re.search(rf"\b{re.escape(secret)}\b", text)


def test_torch_is_looked_at_but_never_imported():
    code = (
        "import sys; from lightbench.environment.capture import capture;"
        "assert capture(threads=1).comparable['torch'] is None; assert 'torch' not in sys.modules"
    )
    package = Path(lightbench.timing.__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(package)},
    )


def test_durations_never_come_from_a_clock_that_can_be_set():
    for path in Path(lightbench.timing.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "time.time")
            assert not (isinstance(node, ast.ImportFrom) and node.module == "time")
