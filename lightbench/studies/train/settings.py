"""How a network learns."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.studies.settings import about

Amp = Literal["float32", "bfloat16", "float16"]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `train` can be told beyond the network, the data and the device."""

    epochs: Annotated[int, about("Times that all images are seen.")] = 60
    batch: Annotated[int, about("Images of a step, on each device.")] = 128
    optimizer: Annotated[
        str, about("sgd, adam or adamw, with arguments: sgd:momentum=0.9,weight_decay=5e-4.")
    ] = "sgd"
    lr: Annotated[
        float | None,
        about("Learning rate, the highest; where not said 0.1 of sgd, 0.001 of others."),
    ] = None
    schedule: Annotated[
        str,
        about(
            "onecycle, cosine:warmup=5, multistep:milestones=[30,45],gamma=0.1, plateau:patience=5 or constant."
        ),
    ] = "onecycle"
    label_smoothing: Annotated[float, about("Share of the target that all classes get.")] = 0.0
    amp: Annotated[Amp, about("Precision of convolutions and matrix products.")] = "float32"
    ema: Annotated[
        float | None,
        about("Keep an average of the weights, too, of which each step this share stays."),
    ] = None
    clip: Annotated[float | None, about("Largest norm of all gradients together.")] = None
    compile: bool = False  # with torch.compile, first
    resize: Annotated[
        int | None, about("Height and width of images, where not the network's own.")
    ] = None
    seed: Annotated[int, about("Of weights, order and augmentation.")] = 0
    workers: Annotated[int, about("Processes that read images.")] = 0
    patience: Annotated[
        int | None, about("Stop after so many epochs without a better test accuracy.")
    ] = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            _whole(name, getattr(self, name), least=1)
        for name in ("resize", "patience"):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), least=1)
        for name in ("seed", "workers"):
            _whole(name, getattr(self, name), least=0)
        for name in ("lr", "clip"):
            _above_zero(name, getattr(self, name))
        for name in ("label_smoothing", "ema"):
            _share(name, getattr(self, name))


def _whole(name: str, value: Any, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} is a whole number from {least} on, got {value!r}.")


def _above_zero(name: str, value: Any) -> None:
    if value is not None and not (_number(value) and value > 0):
        raise UsageError(f"{name} is a number above zero, got {value!r}.")


def _share(name: str, value: Any) -> None:
    if value is not None and not (_number(value) and 0 <= value < 1):
        raise UsageError(f"{name} is a share, from 0 to below 1, got {value!r}.")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
