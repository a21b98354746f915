"""How the learning rate moves: PyTorch's schedulers, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
)

from lightbench.errors import UsageError
from lightbench.studies.train.arguments import Named, read


class Schedule(NamedTuple):
    """``every``: "step" or "epoch", after which the rate moves."""

    scheduler: Any
    every: str

    def after_step(self) -> None:
        """An optimiser's step is done."""
        if self.every == "step":
            self.scheduler.step()

    def after_epoch(self, loss: float) -> None:
        """An epoch is done, with this loss in testing."""
        if self.every == "epoch":
            self.scheduler.step(*([loss] if isinstance(self.scheduler, ReduceLROnPlateau) else []))


def onecycle(
    optimizer: Optimizer,
    steps: int,
    epochs: int,
    *,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up and down again once (Smith and Topin 2017); its highest rate is the optimiser's. All of it is within the epochs:
    one that is planned longer never falls."""
    made = OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=steps * epochs,
        pct_start=pct_start,
        div_factor=div_factor,
        final_div_factor=final_div_factor,
    )
    return Schedule(made, "step")


def cosine(optimizer: Optimizer, steps: int, epochs: int, *, warmup: int = 0) -> Schedule:
    """Half a cosine down to nothing (Loshchilov and Hutter 2016), after so many epochs of rising in a line."""
    rising, all_steps = min(warmup, epochs - 1) * steps, steps * epochs
    falling = CosineAnnealingLR(optimizer, max(1, all_steps - rising))
    if not rising:
        return Schedule(falling, "step")
    up = LinearLR(optimizer, start_factor=1e-2, total_iters=rising)
    return Schedule(SequentialLR(optimizer, [up, falling], [rising]), "step")


def multistep(
    optimizer: Optimizer,
    _steps: int,
    epochs: int,
    *,
    milestones: tuple[int, ...] = (),
    gamma: float = 0.1,
) -> Schedule:
    """A tenth after each of these epochs; of half and three quarters of all, unless said (He et al. 2015)."""
    at = list(milestones) or [max(1, epochs // 2), max(1, epochs * 3 // 4)]
    return Schedule(MultiStepLR(optimizer, at, gamma), "epoch")


def plateau(
    optimizer: Optimizer,
    _steps: int,
    _epochs: int,
    *,
    patience: int = 5,
    factor: float = 0.1,
    min_lr: float = 0.0,
) -> Schedule:
    """A tenth after so many epochs in which the loss in testing has not fallen."""
    made = ReduceLROnPlateau(optimizer, factor=factor, patience=patience, min_lr=min_lr)
    return Schedule(made, "epoch")


def constant(optimizer: Optimizer, _steps: int, _epochs: int) -> Schedule:
    """It stays."""
    return Schedule(MultiStepLR(optimizer, []), "epoch")


KNOWN: dict[str, Callable[..., Schedule]] = {
    "onecycle": onecycle,
    "cosine": cosine,
    "multistep": multistep,
    "plateau": plateau,
    "constant": constant,
}
OWN = ("optimizer", "steps", "epochs", "_steps", "_epochs")


def named(text: str) -> Named:
    """Raises UnknownName, UsageError."""
    return read(text, "schedule", KNOWN, OWN)


def make(text: str, optimizer: Optimizer, *, steps: int, epochs: int) -> Schedule:
    """For so many epochs of so many steps. Raises UsageError for values that PyTorch refuses."""
    chosen = named(text)
    try:
        return KNOWN[chosen.name](optimizer, steps, epochs, **chosen.arguments)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{chosen.name} refuses its arguments: {error}.") from error
