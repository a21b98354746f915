"""Filters of convolutions as tiles, and beside them what each makes of an image.

Not a figure of the registry: it is drawn from weights, which no record holds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.datasets.support.image_files import read
from lightbench.errors import UsageError
from lightbench.figures.labels import fitted, lines
from lightbench.figures.style import LITERAL, style
from lightbench.studies.layers.filters_table import how_drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lightbench.studies.layers.filters import Convolution, Drawn, Filters

WORDS: dict[str, Any] = {**LITERAL}
ACROSS = 3  # convolutions in a row, without an image
LARGE = 24  # pixels of a tile at least, so that the lines between tiles are thin
LINE = 2  # pixels between tiles
PICTURE = 480  # pixels of the longer side of the image
NAME = 40  # letters


def draw(found: Filters) -> Figure:
    """The filters of each convolution; with an image, which stands above, a row for each, with its maps. Raises UsageError for
    none, and for an image that is gone by now."""
    from matplotlib.figure import Figure

    if not found.convolutions:
        raise UsageError("no convolution is named: there is nothing to draw.")
    pictured = found.image is not None
    across = 2 if pictured else min(ACROSS, len(found.convolutions))
    down = -(-len(found.convolutions) * (1 + pictured) // across)
    with style():
        size = (4.3 * across, 0.5 + 4.4 * down + 2.2 * pictured)
        figure = Figure(figsize=size, layout="constrained")
        heights = [*[0.5] * pictured, *[1.0] * down]
        cells = figure.subplots(len(heights), across, squeeze=False, height_ratios=heights)
        for axes in cells.flat:
            axes.set_axis_off()
            axes.set_anchor("NW")
        if pictured:
            _picture(cells[0][0], found)
        places = iter(cells[int(pictured) :].flat)
        for one in found.convolutions:
            _tiles(next(places), one.filters, _of_filters(one))
            if one.maps is not None:
                _tiles(next(places), one.maps, _of_maps(one.maps))
        figure.suptitle(_title(found, across), x=0.01, ha="left", fontsize=10, **WORDS)
    return figure


def _picture(axes: Axes, found: Filters) -> None:
    assert found.image is not None
    image = read(found.image)
    image.thumbnail((PICTURE, PICTURE))
    axes.imshow(image, clip_on=False)
    axes.set_title(fitted(found.image.name, NAME), fontsize=8, **WORDS)


def _tiles(axes: Axes, drawn: Drawn, text: str) -> None:
    looks: dict[str, Any] = {"interpolation": "nearest", "vmin": 0, "vmax": 1, "cmap": "gray"}
    axes.imshow(mosaic(drawn.tiles.numpy()), clip_on=False, **looks)
    axes.set_title(text, fontsize=8, **WORDS)


def mosaic(tiles: Any) -> Any:
    """Tiles of N x H x W, or in colour N x H x W x 3, in rows from the left to the right, with white lines between them;
    each of their pixels is a square of pixels."""
    import numpy as np

    number, height, width = tiles.shape[:3]
    across = math.ceil(math.sqrt(number))
    down = -(-number // across)
    zoom = max(1, round(LARGE / max(height, width)))
    large = tiles.repeat(zoom, axis=1).repeat(zoom, axis=2)
    step = (height * zoom + LINE, width * zoom + LINE)
    page = np.ones((down * step[0] - LINE, across * step[1] - LINE, *tiles.shape[3:]))
    for place, tile in enumerate(large):
        top, left = (at * by for at, by in zip(divmod(place, across), step, strict=True))
        page[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return page


def _of_filters(one: Convolution) -> str:
    what = f"{_of(one.filters)} filters, {units.shape(one.weight[2:])}"
    words = (fitted(one.path, NAME), what, how_drawn(one), _range(one.filters))
    return "\n".join(words)


def _of_maps(maps: Drawn) -> str:
    return f"what it makes of the image\n{_of(maps)} maps\n{_range(maps)}"


def _of(drawn: Drawn) -> str:
    first = "" if drawn.drawn == drawn.there else f"the first {drawn.drawn} of "
    return f"{first}{drawn.there:,}"


def _range(drawn: Drawn) -> str:
    return f"black {units.number(drawn.low)}, white {units.number(drawn.high)}"


def _title(found: Filters, across: int) -> str:
    weights = "its code's own" if found.weights is None else fitted(found.weights, NAME)
    text = f"Filters of {fitted(found.model, NAME)}; weights: {weights}"
    return lines(text, 50 * across)
