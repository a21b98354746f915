"""How the learning rate moves: PyTorch's schedulers, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta
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

CYCLE = 3  # steps at least: low, highest, low
Whole = Annotated[int, Meta(ge=0)]
Inside = Annotated[float, Meta(gt=0, lt=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


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
    pct_start: Inside = 0.3,
    div_factor: Positive = 25.0,
    final_div_factor: Positive = 1e4,
) -> Schedule:
    """Up and down again once (Smith and Topin 2017); its highest rate is the optimiser's. All of it is within the epochs:
    one that is planned longer never falls. Fewer than three steps, of which it would be below the highest at all or most,
    are at the highest."""
    total = steps * epochs
    if total < CYCLE:
        return constant(optimizer, steps, epochs)
    if pct_start * total == 1:  # its rise would have no length, and PyTorch divides by that
        pct_start = math.nextafter(pct_start, 1)
    made = OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=total,
        pct_start=pct_start,
        div_factor=div_factor,
        final_div_factor=final_div_factor,
    )
    return Schedule(made, "step")


def cosine(optimizer: Optimizer, steps: int, epochs: int, *, warmup: Whole = 0) -> Schedule:
    """Half a cosine down to nothing (Loshchilov and Hutter 2016), after so many epochs of rising in a line. Raises
    UsageError where these are all."""
    if warmup >= epochs:
        raise UsageError(
            f"cosine rises for {warmup} epochs, and of {epochs} none is left for it to fall.",
            f"Try --schedule cosine:warmup={epochs // 4}, or more --epochs.",
        )
    rising = warmup * steps
    falling = CosineAnnealingLR(optimizer, steps * epochs - rising)
    if not rising:
        return Schedule(falling, "step")
    up = LinearLR(optimizer, start_factor=1e-2, total_iters=rising)
    return Schedule(SequentialLR(optimizer, [up, falling], [rising]), "step")


def multistep(
    optimizer: Optimizer,
    _steps: int,
    epochs: int,
    *,
    milestones: tuple[Whole, ...] = (),
    gamma: Positive = 0.1,
) -> Schedule:
    """A tenth after each of these epochs; of half and three quarters of all, unless said (He et al. 2015)."""
    at = milestones or {max(1, epochs // 2), max(1, epochs * 3 // 4)}
    return Schedule(MultiStepLR(optimizer, sorted(at), gamma), "epoch")


def plateau(
    optimizer: Optimizer,
    _steps: int,
    _epochs: int,
    *,
    patience: Whole = 5,
    factor: Inside = 0.1,
    min_lr: NotNegative = 0.0,
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
    """For so many epochs of so many steps. Raises UsageError for values that are none of an argument."""
    chosen = named(text)
    kinds = get_type_hints(KNOWN[chosen.name], include_extras=True)
    for name, value in chosen.arguments.items():
        try:
            msgspec.convert(value, kinds[name])
        except msgspec.ValidationError as error:
            raise UsageError(
                f"{name} of {chosen.name} is wrong: {error}.", f"Try --schedule {chosen.name}."
            ) from error
    return KNOWN[chosen.name](optimizer, steps, epochs, **chosen.arguments)
