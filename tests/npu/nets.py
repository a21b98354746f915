"""Networks for `path/nets.py:Class`, small: what takes time in these tests is importing torch_npu."""

import os
import time
from pathlib import Path

import torch
from torch import nn

from lightbench.workers import autoload

KERNELS = 10
NOTES = os.environ.get("NOTES")  # a file


def note(text):
    if NOTES:
        with Path(NOTES).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


note(f"process {os.getpid()}")
note(f"autoload {autoload.handed_on(os.environ).get(autoload.VARIABLE)}")


class Good(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x):
        return self.linear(x).relu()


class Lgamma(Good):
    """torch_npu has no kernel for it."""

    def forward(self, x):
        return torch.lgamma(self.linear(x).abs() + 1)


class SaysFallback(Good):
    """Fails with a message of its own."""

    def forward(self, x):
        raise RuntimeError("no FALLBACK on CPU for this input")


class Hoard(Good):
    """Each tensor fits into 100 MB, all of them do not."""

    def forward(self, x):
        kept = [x.new_zeros(4 << 20) for _ in range(20)]
        return self.linear(x) + kept[-1][:8]


class TenKernels(nn.Module):
    def forward(self, x):
        for _ in range(KERNELS):
            x = x.relu()
        return x


class Where(Good):
    """Notes the devices that it runs on."""

    def forward(self, x):
        if x.device.type == "npu":
            note(f"{x.device} {torch.npu.current_device()}")
        return super().forward(x)


class Slow(Where):
    """Slow on any device but the first."""

    def forward(self, x):
        y = super().forward(x)
        if x.device.type == "npu" and x.device.index:
            time.sleep(0.2)
        return y
