"""Images with what a network sees in them: a bar for each class, as long as it is probable.

Not a figure of the registry: it is drawn from images, which no record holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.datasets.support.image_files import Unreadable, read
from lightbench.errors import UsageError
from lightbench.figures.labels import fitted, lines
from lightbench.figures.style import LITERAL, style
from lightbench.studies.predict.predicted import Predicted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lightbench.studies.predict.api import Predictions

MOST, ACROSS, BARS = 24, 3, 10  # images, of these in a row, classes of each
PIXELS = 240  # of the longer side of an image
NAME, CLASS = 30, 24  # letters
WORDS: dict[str, Any] = {**LITERAL}
FIRST, OTHERS = "0.3", "0.75"  # greys of the best class and of the others


def draw(found: Predictions) -> Figure:
    """At most 24 images that have an answer, in their order, each with at most 10 classes. The files are read again: one
    that is gone by now is left empty. Raises UsageError if no image has an answer."""
    from matplotlib.figure import Figure

    answered = [image for image in found.images if image.guesses]
    if not answered:
        raise UsageError("no image has an answer: there is nothing to draw.")
    drawn = answered[:MOST]
    bars = min(BARS, max(len(image.guesses) for image in drawn))
    across = min(ACROSS, len(drawn))
    down = -(-len(drawn) // across)
    with style():
        height = max(1.15, 0.24 * bars + 0.3)
        figure = Figure(figsize=(4.2 * across, 0.8 + height * down), layout="constrained")
        cells = figure.subplots(down, 2 * across, squeeze=False, width_ratios=[1.0, 2.4] * across)
        for place, image in enumerate(drawn):
            row, column = divmod(place, across)
            picture, beside = cells[row][2 * column], cells[row][2 * column + 1]
            _picture(picture, Path(image.path))
            _bars(beside, image, bars)
        for axes in cells.flat[2 * len(drawn) :]:
            axes.set_visible(False)
        figure.suptitle(
            _title(found, len(drawn), across), x=0.01, ha="left", fontsize=10, **LITERAL
        )
    return figure


def _picture(axes: Axes, path: Path) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color="0.8", linewidth=0.5)  # white images have an edge, too
    try:
        image = read(path)
    except Unreadable:
        return
    image.thumbnail((PIXELS, PIXELS))
    axes.imshow(image, aspect="equal", clip_on=False)


def _bars(axes: Axes, image: Predicted, bars: int) -> None:
    """The best class is at the top; names and percentages stand above their bars. What is not clipped has the same bytes
    each time: the place of a clip is not, in its last digits."""
    name = fitted(Path(image.path).name, NAME)
    axes.set_title(name, fontsize=8, **WORDS)
    for place, guess in enumerate(image.guesses[:bars]):
        colour = OTHERS if place else FIRST
        axes.barh(place, 1, height=0.28, color="0.95", clip_on=False)
        axes.barh(place, guess.probability, height=0.28, color=colour, clip_on=False)
        said: dict[str, Any] = {"fontsize": 7, "va": "bottom", **LITERAL}
        axes.text(0, place - 0.17, fitted(guess.name, CLASS), **said)
        axes.text(1, place - 0.17, units.percent(guess.probability), ha="right", **said)
    axes.set(xlim=(0, 1), ylim=(max(bars, 2) - 0.5, -0.7))
    axes.set_axis_off()


def _title(found: Predictions, drawn: int, across: int) -> str:
    guesses = [image.guesses for image in found.images if image.guesses]
    answered = len(guesses)
    without = len(found.images) - answered
    words = [
        f"What {fitted(found.model, NAME)}",
        f" with {fitted(Path(found.weights).name, NAME)}" if found.weights else "",
        " sees",
        f" in the first {drawn} of {answered:,} images" if drawn < answered else "",
        f", the {BARS} best classes" if max(map(len, guesses)) > BARS else "",
        f"; {without:,} without an answer are left out" if without else "",
    ]
    return lines("".join(words), 45 * across)
