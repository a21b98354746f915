"""What a machine says about itself: described here in folders and objects, never this machine."""

import ast
import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lightbench.timing
from lightbench.environment import machine
from lightbench.environment.capture import COMPARABLE, NOTED, capture, warnings
from lightbench.environment.machine import Source
from lightbench.records import Environment

CPUS = "sys/devices/system/cpu"


class Process:
    def cpu_affinity(self):
        return [0, 1, 4, 5]


PSUTIL = SimpleNamespace(
    Process=Process,
    cpu_count=lambda logical=True: 8 if logical else 4,
    getloadavg=lambda: (0.25, 0.5, 0.75),
    virtual_memory=lambda: SimpleNamespace(total=16_000_000_000, available=9_000_000_000),
    sensors_battery=lambda: SimpleNamespace(power_plugged=True),
)
LINUX = SimpleNamespace(
    system=lambda: "Linux",
    machine=lambda: "x86_64",
    release=lambda: "6.1.0",
    processor=lambda: "",
    python_version_tuple=lambda: ("3", "12", "4"),
)
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


def no_program(command):
    raise FileNotFoundError(command[0])


def source(root, files=(), **other):
    for path, text in dict(files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    given = {"platform": LINUX, "psutil": PSUTIL, "torch": None, "environ": {}}
    return Source(**{"root": root, "directory": root, "output": no_program, **given, **other})


def environment(**facts):
    """An environment with 8 idle cores on mains, and whatever a test says."""
    comparable = {"logical_cores": 8, "usable_cores": 8, "cpu_quota_percent": None, "threads": 4}
    noted = {"load_1min": 0.1}
    for name, value in facts.items():
        (comparable if name in comparable else noted)[name] = value
    return Environment(comparable=comparable, noted=noted)


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


# single facts


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"proc/cpuinfo": "model name\t: Intel(R) Xeon(R)\nmodel\t\t: 85\n"}, "Intel(R) Xeon(R)"),
        (
            {
                "proc/cpuinfo": "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n",
                "sys/firmware/devicetree/base/model": "Raspberry Pi 5 Model B Rev 1.0\0",
            },
            "Raspberry Pi 5 Model B Rev 1.0",
        ),
        ({"proc/cpuinfo": "CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"}, "0x41 0xd0c"),
        ({"proc/cpuinfo": "CPU part\t: 0xc07\nHardware\t: BCM2709\n"}, "BCM2709"),
        ({"proc/cpuinfo": ""}, None),
        ({}, None),
    ],
)
def test_cpu_name_on_linux(tmp_path, files, name):
    assert machine.cpu(source(tmp_path, files)) == name


def test_cpu_name_elsewhere(tmp_path):
    mac = SimpleNamespace(system=lambda: "Darwin")
    asked = []
    here = source(
        tmp_path, platform=mac, output=lambda command: asked.append(command) or "Apple M4"
    )
    assert machine.cpu(here) == "Apple M4"
    assert asked == [["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]]
    windows = SimpleNamespace(system=lambda: "Windows", processor=lambda: "Intel64 Family 6")
    assert machine.cpu(source(tmp_path, platform=windows)) == "Intel64 Family 6"


def test_usable_cores_are_those_of_the_affinity(tmp_path):
    assert machine.usable_cores(source(tmp_path)) == 4
    mac = SimpleNamespace(Process=SimpleNamespace, cpu_count=lambda: 10)
    assert machine.usable_cores(source(tmp_path, psutil=mac)) == 10


V1 = "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n"


@pytest.mark.parametrize(
    ("files", "percent"),
    [
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "200000 100000"}, 200),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, None),
        ({"proc/self/cgroup": "0::/"}, None),
        ({}, None),
        (  # the parent's limit binds the child
            {
                "proc/self/cgroup": "0::/slice/job",
                "sys/fs/cgroup/slice/cpu.max": "50000 100000",
                "sys/fs/cgroup/slice/job/cpu.max": "400000 100000",
            },
            50,
        ),
        (  # a container without its own namespace sees the host's path, but not its files
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            150,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            None,
        ),
        (  # the quota of another controller is none
            {
                "proc/self/cgroup": "9:memory:/",
                "sys/fs/cgroup/memory/cpu.cfs_quota_us": "100000",
                "sys/fs/cgroup/memory/cpu.cfs_period_us": "100000",
            },
            None,
        ),
    ],
)
def test_cpu_quota(tmp_path, files, percent):
    assert machine.cpu_quota_percent(source(tmp_path, files)) == percent


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({f"{CPUS}/intel_pstate/no_turbo": "0"}, "on"),
        ({f"{CPUS}/intel_pstate/no_turbo": "1"}, "off"),
        ({f"{CPUS}/cpufreq/boost": "1"}, "on"),
        ({f"{CPUS}/cpufreq/boost": "0"}, "off"),
        ({}, None),
    ],
)
def test_turbo(tmp_path, files, state):
    assert machine.turbo(source(tmp_path, files)) == state


def test_cores_with_different_governors_are_told(tmp_path):
    files = {
        f"{CPUS}/cpu0/cpufreq/scaling_governor": "powersave",
        f"{CPUS}/cpu1/cpufreq/scaling_governor": "performance",
        f"{CPUS}/cpufreq/policy0/scaling_governor": "ondemand",
    }
    assert machine.governor(source(tmp_path, files)) == "performance, powersave"


@pytest.mark.parametrize(("plugged", "power"), [(True, "mains"), (False, "battery"), (None, None)])
def test_power(tmp_path, plugged, power):
    battery = SimpleNamespace(sensors_battery=lambda: SimpleNamespace(power_plugged=plugged))
    assert machine.power(source(tmp_path, psutil=battery)) == power


def test_a_machine_without_a_battery_has_no_power_state(tmp_path):
    desktop = SimpleNamespace(sensors_battery=lambda: None)
    assert machine.power(source(tmp_path, psutil=desktop)) is None


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        subprocess.CalledProcessError(128, "git"),
        subprocess.TimeoutExpired("git", 2),
    ],
)
def test_without_git_or_repository_the_commit_is_unknown(tmp_path, error):
    def output(command):
        raise error

    assert capture(threads=1, source=source(tmp_path, output=output)).noted["commit"] is None


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_the_commit_of_a_repository_and_whether_it_was_changed(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-qm", "first")
    git("tag", "v1")
    here = Source(directory=tmp_path)
    head = git("rev-parse", "HEAD")
    assert machine.commit(here) == head
    hook = tmp_path / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    os.utime(tmp_path / "file", (1, 1))  # a git that wants to refresh its index would write it
    index = (tmp_path / ".git/index").read_bytes()
    assert machine.commit(here) == head
    (tmp_path / "file").write_text("two")
    assert machine.commit(here) == f"{head}-dirty"
    assert (tmp_path / ".git/index").read_bytes() == index
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_before_the_first_commit_there_is_none(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert machine.commit(Source(directory=tmp_path)) is None


# warnings


def test_a_calm_machine_has_no_warnings():
    assert warnings(environment(governor="performance", power="mains")) == ()


def one(environment, before=None):
    (sentence,) = warnings(environment, before)
    return sentence


def test_more_threads_than_cores():
    assert one(environment(threads=9)).startswith("9 threads share 8 cores")
    assert one(environment(threads=4, usable_cores=2)).endswith("try --threads 2.")


def test_a_quota_counts_as_cores():
    sentence = one(environment(threads=2, cpu_quota_percent=150))
    assert "1.5 cores" in sentence
    assert "--threads 1" in sentence


def test_less_than_one_core_is_too_little_for_any_call():
    assert one(environment(threads=1, cpu_quota_percent=50)).startswith(
        "This container may use 0.50"
    )


def test_more_threads_than_others_leave_free():
    assert warnings(environment(threads=4, load_1min=4.0)) == ()
    assert "wants 5" in one(environment(threads=5, load_1min=4.0))
    assert warnings(environment(threads=8, load_1min=0.4)) == ()  # idle machines are never at 0


def test_a_loaded_machine_is_told_even_if_a_core_is_free():
    assert warnings(environment(threads=1, load_1min=4.0)) == ()
    assert one(environment(threads=1, load_1min=5.0)).startswith("Other programs keep 5 of 8 cores")
    assert one(environment(threads=None, load_1min=5.0)).startswith("Other programs")


def test_load_elsewhere_on_a_large_host_leaves_a_container_its_cores():
    host = {"logical_cores": 64, "usable_cores": 4, "threads": 4}
    assert warnings(environment(load_1min=20.0, **host)) == ()
    assert "wants 4" in one(environment(load_1min=62.0, **host))


def test_powersave_matters_only_where_it_holds_the_clock_down():
    held = environment(governor="performance, powersave", governor_driver="acpi-cpufreq")
    assert "cpupower" in one(held)
    for driver in ("intel_pstate", "amd-pstate-epp"):
        assert warnings(environment(governor="powersave", governor_driver=driver)) == ()


def test_battery():
    assert "plug it in" in one(environment(power="battery"))


def test_throttling_is_what_happened_between_two_captures():
    cool, hot = environment(throttle_count=3), environment(throttle_count=4)
    assert "heat" in one(hot, before=cool)
    assert warnings(hot) == warnings(cool, before=cool) == ()
    assert warnings(hot, before=environment(throttle_count=None)) == ()


def test_every_warning_is_a_sentence_with_advice():
    everything = environment(
        threads=9, governor="powersave", governor_driver="x", power="battery", throttle_count=2
    )
    sentences = warnings(everything, before=environment(throttle_count=1))
    assert len(sentences) == 4
    assert all(re.fullmatch(r"[A-Z0-9].*[:,] .+\.", sentence) for sentence in sentences)
