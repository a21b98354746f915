"""A grid of images with what a network answers to each: right in one colour and mark, wrong in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lightbench import units
from lightbench.datasets import Split
from lightbench.errors import UsageError
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.studies.evaluate.answers import NO_NUMBER, Answers
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

ACROSS = 8
LARGEST = 128  # pixels of an image's longer side that are kept
NAME = 13  # letters of a class
WORDS: dict[str, Any] = {**LITERAL}
# Blue and vermilion are told apart whatever one's eyes can see (Okabe and Ito 2008), and the marks without colours.
RIGHT, WRONG = ("#0072B2", "\u2713"), ("#D55E00", "\u2717")


class Sample(NamedTuple):
    """An image, its class, and the class that was answered with its probability; None: the answer is no number."""

    image: Image
    own: str
    answered: str | None
    confidence: float | None

    @property
    def right(self) -> bool:
        """Is it answered rightly?"""
        return self.answered == self.own


def pick(split: Split, found: Answers) -> tuple[Sample, ...]:
    """64 images, or all if there are fewer, evenly from all: as many of them are wrong as of all, and always the same."""
    number = len(split.images)
    few = min(number, ACROSS * ACROSS)
    samples = []
    for place in (i * number // few for i in range(few)):
        image, label = split.images[place]
        small = image.copy()
        small.thumbnail((LARGEST, LARGEST))
        answer = int(found.predicted[place])
        known = answer != NO_NUMBER
        samples.append(
            Sample(
                small,
                split.classes[label],
                split.classes[answer] if known else None,
                float(found.confidence[place]) if known else None,
            )
        )
    return tuple(samples)


def draw_samples(samples: Sequence[Sample], words: Sequence[str], number: int) -> Figure:
    """Each image below what is answered to it and how probable that is; what is wrong also has what it is, and a broken
    frame. ``words`` are for the title, ``number`` how many images there are of which these are some. Raises UsageError
    without any."""
    from matplotlib.figure import Figure

    if not samples:
        raise UsageError("no image was answered: there is nothing to draw.")
    down = -(-len(samples) // ACROSS)
    with style():
        figure = Figure(figsize=(10, 1.0 + 1.45 * down), layout="constrained")
        grid = figure.subplots(down, ACROSS, squeeze=False)
        for axes in grid.flat[len(samples) :]:
            axes.set_axis_off()
        for axes, sample in zip(grid.flat, samples, strict=False):
            _cell(axes, sample)
        wrong = sum(not sample.right for sample in samples)
        said = f"{len(samples)} of {units.exact(number)} images", f"{wrong} wrong"
        figure.suptitle(title([*words, *said]), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _cell(axes: Axes, sample: Sample) -> None:
    import numpy as np

    colour, mark = RIGHT if sample.right else WRONG
    pixels = np.asarray(sample.image.convert("RGB"))
    axes.imshow(pixels, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=1.2 if sample.right else 2.4)
        spine.set(capstyle="butt", linestyle="-" if sample.right else (0, (2, 1)))
    if sample.answered is None:
        answer = f"{mark} no number"
    else:
        answer = f"{mark} {_name(sample.answered)}, {units.percent(sample.confidence)}"
    lines = answer if sample.right else f"{answer}\nis {_name(sample.own)}"
    axes.set_title(lines, color=colour, fontsize=7.5, loc="left", pad=2, **WORDS)


def _name(text: str) -> str:
    return shorten(visible(text), NAME)
