"""What a network gets to see of an image, and how its classes are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from lightbench.datasets.support.preparation import seen
from lightbench.studies.learned import Learned, preparation_for

if TYPE_CHECKING:
    from PIL.Image import Image

AT_RANDOM = (
    "No weights were given: they are those that the network's code gave it, mostly random ones."
)
ASSUMED = (
    "How images were normalised in training is not known of these weights: ImageNet's values were"
    " assumed ({})."
)

See = Callable[["Image"], Tensor]


class Sight(NamedTuple):
    """``see`` makes of an image in RGB what the network takes, C x H x W; ``classes`` are their names where they are
    known; ``said`` is how images are made ready, ``assumed`` whether that is a guess."""

    see: See
    classes: tuple[str, ...] | None
    said: str
    assumed: bool = False


def sight_of(learned: Learned) -> Sight:
    """As is noted beside the weights, and else as ImageNet's. Raises UsageError for a network that takes no such
    images."""
    how, about = preparation_for(learned, None), learned.about
    if about is None:
        return Sight(seen(how), None, ASSUMED.format(how.said), assumed=True)
    return Sight(seen(how), about.classes, about.made_ready)
