"""What happens to an image before a network sees it: size, channels and normalisation, stored with the weights."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from lightbench import units
from lightbench.datasets import Data
from lightbench.errors import UsageError
from lightbench.models.torchvision import import_torchvision
from lightbench.records.inputs import InputSpec
from lightbench.records.noun import Noun

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

SHIFT = 1 / 8  # of the side, each way: 4 of 32 pixels (He et al. 2016, section 4.2)
MIDDLE = 224 / 256  # of a photograph's shorter side: what ImageNet's networks see of it in testing
LARGEST = 10_000
LONGEST = 8  # times its width; of a longer strip only the middle can be seen


class Preparation(Noun, frozen=True, kw_only=True):
    """``side``: height and width of what the network sees, in pixels; one of ``mean`` and ``std`` for each of its
    channels, of values from 0 to 1; ``part`` of the image's shorter side is in it, from its middle, after ``scaling``."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    part: float = 1.0
    scaling: Literal["bilinear", "bicubic"] = "bilinear"

    def __post_init__(self) -> None:
        if not 1 <= self.side <= LARGEST:
            raise ValueError(f"a side has 1 to {LARGEST:,} pixels, got {self.side}")
        if len(self.mean) not in (1, 3) or len(self.mean) != len(self.std):
            raise ValueError("a mean and a deviation for one channel, or for each of three")
        if not all(map(isfinite, self.mean)) or not all(0 < std < float("inf") for std in self.std):
            raise ValueError("a mean is a number, and a deviation one above zero")
        if not 0 < self.part <= 1:
            raise ValueError(f"a part of the image is above 0 and at most 1, got {self.part}")

    @property
    def input(self) -> InputSpec:
        """What the network is given of one image."""
        return InputSpec(shape=(len(self.mean), self.side, self.side))

    @property
    def scaled(self) -> int:
        """The image's shorter side before its middle is cut out, in pixels."""
        return round(self.side / self.part)

    @property
    def said(self) -> str:
        """It in words: scaled to 256, cut to 224x224, mean 0.485 0.456 0.406, deviation ..."""
        size = units.shape((self.side, self.side))
        if self.scaled > self.side:
            size = f"scaled to {self.scaled}, cut to {size}"
        how = "" if self.scaling == "bilinear" else f", {self.scaling}"
        mean, std = (" ".join(map(units.number, values)) for values in (self.mean, self.std))
        return f"{size}{how}, mean {mean}, deviation {std}"


def preparation_of(data: Data, *, side: int, channels: int) -> Preparation:
    """Of a data set's images for a network that takes so many pixels and channels. Grey ones become three equal
    channels for a network that takes colours. Raises UsageError for colours that the network cannot take."""
    if channels not in (1, 3) or channels < data.channels:
        raise UsageError(
            f"{data.name} has {data.channels} channel{'s' * (data.channels > 1)}, and the network takes {channels}.",
            "Choose another data set, or a network that takes images.",
        )
    times = channels // data.channels
    return Preparation(
        side=side,
        mean=data.plugin.MEAN * times,
        std=data.plugin.STD * times,
        part=1.0 if data.plugin.SIDE else MIDDLE,  # small images show nothing but the object
    )


def seen(how: Preparation) -> Callable[[Image], Tensor]:
    """In testing: the middle, scaled and normalised. Gives float32, channels x side x side."""
    v2 = _v2()
    scaled = v2.Resize(how.scaled, v2.InterpolationMode(how.scaling), antialias=True)
    return _composed(v2, how, [within_reach, scaled, v2.CenterCrop(how.side)])


def within_reach(image: Image) -> Image:
    """A strip without its ends: its width is scaled up to what the network sees, and the whole would not fit into memory.
    Any other image is given back."""
    width, height = image.size
    most = LONGEST * min(width, height)
    left, top = (max(0, (size - most) // 2) for size in (width, height))
    return image.crop((left, top, width - left, height - top)) if left or top else image


def augmented(how: Preparation, *, mirrored: bool) -> Callable[[Image], Tensor]:
    """In learning: small images are shifted by up to an eighth, photographs cut at random (Szegedy et al. 2015, section
    6); half of them are mirrored where that leaves them what they are. By PyTorch's own random numbers."""
    v2 = _v2()
    if how.part < 1:
        steps = [v2.RandomResizedCrop(how.side, antialias=True)]
    else:
        scaled = v2.Resize((how.side, how.side), antialias=True)
        steps = [scaled, v2.RandomCrop(how.side, padding=round(how.side * SHIFT))]
    return _composed(v2, how, [*steps, v2.RandomHorizontalFlip()] if mirrored else steps)


def _v2() -> Any:
    import_torchvision()
    from torchvision.transforms import v2

    return v2


def _composed(v2: Any, how: Preparation, steps: list[Any]) -> Callable[[Image], Tensor]:
    import torch

    coloured = v2.Grayscale() if len(how.mean) == 1 else v2.RGB()
    numbers = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(how.mean), list(how.std))]
    made: Callable[[Image], Tensor] = v2.Compose([coloured, *steps, v2.PILToTensor(), *numbers])
    return made
