"""What a network gets to see of an image, and how its classes are called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from lightbench import units
from lightbench.datasets.support.preparation import seen, within_reach
from lightbench.models.torchvision import import_torchvision
from lightbench.models.weights import TORCHVISION
from lightbench.records.failure import explain_plainly
from lightbench.runner.given import Model
from lightbench.studies.learned import Learned, learned, preparation_for

if TYPE_CHECKING:
    from PIL.Image import Image

AT_RANDOM = (
    "No weights were given: they are those that the network's code gave it, mostly random ones."
)

See = Callable[["Image"], Tensor]


class Sight(NamedTuple):
    """``see`` makes of an image in RGB what the network takes, C x H x W; ``classes`` are their names where they are
    known; ``said`` is how images are made ready, ``assumed`` whether that is a guess."""

    see: See
    classes: tuple[str, ...] | None
    said: str
    assumed: bool = False


def network_of(
    model: Model,
    source: str | None,
    *,
    input: str | None,  # noqa: A002  the word of the command line
    trusted: bool,
) -> Learned:
    """A network by name with its weights, or a copy of one at hand, which may then be changed and moved. By name and
    without weights it is the same each time. Raises as `learned` does."""
    torch.manual_seed(0)
    if isinstance(model, str):
        return learned(model, source, input=input, trusted=trusted)
    try:
        own = copy.deepcopy(model).cpu()
    except Exception as error:
        raise explain_plainly(f"{type(model).__name__} cannot be copied", error) from error
    return learned(own, source, input=input, trusted=trusted)


def sight_of(learned: Learned, source: str | None) -> Sight:
    """As the weights of ``source`` were trained: as torchvision publishes its own, as is noted beside those of
    `lightbench train`, and else as ImageNet's. Raises UsageError for a network that takes no such images."""
    how, about = preparation_for(learned, None), learned.about
    if source is not None and source.startswith(TORCHVISION):
        return _of_torchvision(learned, source.removeprefix(TORCHVISION))
    part = f" of its middle {units.percent(how.part)}" if how.part < 1 else ""
    usual = f"{how.side}x{how.side}{part}, {_normalised(how.mean, how.std)}"
    if about is None:
        said = (
            "How images were normalised in training is not known of these weights: ImageNet's values"
            f" were assumed ({usual})."
        )
        return Sight(seen(how), None, said, assumed=True)
    said = f"Images were made ready as in training on {about.data}: {usual}."
    return Sight(seen(how), about.classes, said)


def _of_torchvision(learned: Learned, name: str) -> Sight:
    """With the transforms that torchvision tested them with."""
    import_torchvision()
    from torchvision import models

    entry = models.get_model_weights(learned.model.partition(":")[2])[name]
    how = entry.transforms()
    said = (
        f"Images were made ready as torchvision tested {entry}: scaled to {how.resize_size[0]}, cut to"
        f" {how.crop_size[0]}x{how.crop_size[0]}, {_normalised(how.mean, how.std)}."
    )
    return Sight(lambda image: how(within_reach(image)), tuple(entry.meta["categories"]), said)


def _normalised(mean: Sequence[float], std: Sequence[float]) -> str:
    values = (" ".join(map(units.number, numbers)) for numbers in (mean, std))
    return "mean {}, deviation {}".format(*values)
