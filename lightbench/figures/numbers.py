"""Numbers beside points, none over another: what a key below or beside the figure explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench.figures.labels import Point, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Radius of a point, width and height of a digit, in points of 1/72 inch.
DOT, LETTER = 3.0, (5.5, 9.0)
# Behind a number, so that a line does not run through it.
PAPER = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}


def number_points(axes: Axes, numbers: Sequence[str], at: Sequence[Point]) -> None:
    """Write each number, or name, beside its point, with a thin line where it had to move away. The layout of
    the figure has to be known."""
    if not at:
        return
    figure = axes.get_figure()
    assert figure is not None
    scale = 72 / figure.dpi  # pixels to points
    corner = axes.bbox.min
    points = [tuple((point - corner) * scale) for point in axes.transData.transform(list(at))]
    sizes = [(LETTER[0] * (len(text) + 0.5), LETTER[1]) for text in numbers]
    room = (axes.bbox.width * scale, axes.bbox.height * scale)
    centres = place(points, sizes, room, DOT)
    for text, xy, point, centre in zip(numbers, at, points, centres, strict=True):
        offset = (centre[0] - point[0], centre[1] - point[1])
        far = math.hypot(*offset) > 3 * LETTER[1]
        axes.annotate(
            text,
            xy,
            offset,
            textcoords="offset points",
            ha="center",
            va="center",
            bbox=PAPER,
            parse_math=False,
            usetex=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4} if far else None,
        )
