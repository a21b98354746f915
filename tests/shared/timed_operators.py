"""Operators seen as they run, a device on which each takes 1 ms, and a network that has many kinds of them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lightbench.timing.clock import Reading

MS = 1e-3


class Operators(TorchDispatchMode):
    """Sees every operator that really runs: its name, and the shape of its filter if it has one."""

    def __init__(self):
        super().__init__()
        self.names, self.calls = [], []

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # or PyTorch imports its compiler

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func._opname)
        self.calls.append(args)
        return func(*args, **(kwargs or {}))


class Scripted:
    """A device on which a call takes 1 ms, and 1 ms more for each operator that it runs.

    ``runs`` are the operators of each thing that was timed, in the order in which they were made.
    """

    def __init__(self):
        self.runs = []

    def step(self, call, context, _inputs=()):
        seen = Operators()
        self.runs.append(seen)

        def timed(_n):
            if not seen.calls:
                with context(), seen:
                    call()
            return Reading(MS * (1 + len(seen.names)), None)

        return timed

    @property
    def names(self):
        return [run.names for run in self.runs]


class Everything(nn.Module):
    """Operators in place, with keyword arguments, of several inputs, by function and by method."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        x = F.conv2d(input=x, weight=self.conv.weight, bias=None, padding=1)
        x = torch.cat([x, x], dim=1).chunk(2, dim=1)[0]
        x = torch.add(x, x, alpha=2).clamp_(min=0, max=6)
        x += torch.softmax(x, dim=1)
        x = F.gelu(x, approximate="tanh")
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = F.avg_pool2d(x, kernel_size=2, stride=2, ceil_mode=False)
        x = x.transpose(1, 2).contiguous().transpose(1, 2).mul(0.5)
        self.calls.add_(1)
        return x.sum(dim=(2, 3), keepdim=True).flatten(1) / x.shape[1]
