"""What learns is put together: the network on its device, the optimiser, the schedule."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lightbench.studies.train import optimizers, schedules
from lightbench.studies.train.loop import Learner
from lightbench.studies.train.settings import Settings
from lightbench.studies.train.together import Together


def make(
    network: nn.Module, settings: Settings, device: torch.device, together: Together, *, steps: int
) -> Learner:
    """A learner of epochs of so many steps. Raises UsageError for arguments that PyTorch refuses."""
    network = network.to(device)
    optimizer = optimizers.make(settings.optimizer, network, settings.lr)
    average = None
    if settings.ema is not None:
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))  # type: ignore[no-untyped-call]
    return Learner(
        network,
        _running(network, settings, device, together),
        optimizer,
        schedules.make(settings.schedule, optimizer, steps=steps, epochs=settings.epochs),
        nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing),
        device,
        lambda: _autocast(settings, device),
        torch.amp.GradScaler(device.type, enabled=settings.amp == "float16"),
        settings.clip,
        average,
    )


def _running(
    network: nn.Module, settings: Settings, device: torch.device, together: Together
) -> nn.Module:
    running = network
    if together.devices > 1:
        running = DistributedDataParallel(
            network, device_ids=None if device.type == "cpu" else [device.index]
        )
    if settings.compile:
        running = torch.compile(running)  # type: ignore[assignment]
    return running


def _autocast(settings: Settings, device: torch.device) -> AbstractContextManager[Any]:
    if settings.amp == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, settings.amp))
