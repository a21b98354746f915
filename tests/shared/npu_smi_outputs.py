"""An npu-smi that prints the outputs in tests/devices/support/npu_smi/, and what is read of it."""

import subprocess
from pathlib import Path

from lightbench.devices.support.npu_smi import reader

FOLDER = Path(__file__).parents[1] / "devices" / "support" / "npu_smi"
OUTPUTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.txt"))}
del OUTPUTS["README"]
MB = 1 << 20


class Machine:
    """An npu-smi whose outputs are files of one kind of card; ``lost`` commands print nothing."""

    def __init__(self, soc, lost=(), **other):
        self.soc, self.lost, self.other, self.asked = soc, lost, other, []

    def __call__(self, arguments):
        self.asked.append(" ".join(arguments))
        match arguments:
            case ("info",):
                name = "info"
            case ("info", "-m"):
                name = "m"
            case ("info", "-t", kind, "-i", npu):
                name = f"{kind}_i{npu}"
        kind = name.partition("_")[0]
        if kind in self.lost:
            raise subprocess.CalledProcessError(1, "npu-smi")
        return self.other.get(kind, OUTPUTS.get(f"{self.soc}_{name}", ""))


def health(machine, index, **environ):
    return reader(index, machine, environ, clock=lambda: 3.0)()
