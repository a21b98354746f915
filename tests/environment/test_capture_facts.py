"""Each fact about a machine is found where that machine has it, or is unknown."""

import os
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from described import CPUS, source

from lightbench.environment import machine
from lightbench.environment.capture import capture
from lightbench.environment.machine import Source

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
