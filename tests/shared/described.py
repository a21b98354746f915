"""A machine that is described in a folder and in objects, for those who ask what a machine is."""

from types import SimpleNamespace

from lightbench.environment.machine import Source

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


def no_program(command):
    raise FileNotFoundError(command[0])


def source(root, files=(), **other):
    for path, text in dict(files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    given = {"platform": LINUX, "psutil": PSUTIL, "torch": None, "environ": {}}
    return Source(**{"root": root, "directory": root, "output": no_program, **given, **other})
