"""Which filters of a network were drawn, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.studies.sight import AT_RANDOM
from lightbench.views.table import Column, Table, View, own_words

if TYPE_CHECKING:
    from lightbench.studies.layers.filters import Convolution, Filters

# How the filters of a convolution are drawn, in words.
HOW = {
    "colour": "red, green and blue are the three inputs",
    "plane": "one plane each, of the one input that it has",
    "rows": "a row each, a column for each input",
    "mean": "mean over its inputs",
}
INPUTS = 64  # columns of a row
COLUMNS = (
    Column("layer", "layer", align="left"),
    Column("kernel", "kernel", units.shape),
    Column("inputs", "inputs of each", units.exact, drop=2),
    Column("groups", "groups", units.exact, drop=3),
    Column("filters", "filters", units.exact),
    Column("drawn", "drawn", units.exact),
    Column("how", "drawn as", own_words, align="left"),
    Column("largest", "white", units.number, drop=1),
    Column("maps", "maps", units.exact, sparse=True),
    Column("maps_drawn", "maps drawn", units.exact, sparse=True, drop=1),
)


def filters_view(found: Filters) -> View:
    """A row for each convolution."""
    rows = tuple(map(_row, found.convolutions))
    title = f"Filters of {found.model}"
    table = Table(title, COLUMNS, rows, tuple(notes(found)), tuple(sentences(found)))
    data = {
        "model": found.model,
        "weights": None if found.weights is None else units.unicode(found.weights),
        "image": None if found.image is None else units.unicode(str(found.image)),
        "convolutions": [table.named(row) for row in rows],
    }
    return View(table, data)


def _row(one: Convolution) -> tuple[Any, ...]:
    number, inputs, *kernel = one.weight
    maps = (None, None) if one.maps is None else (one.maps.there, one.maps.drawn)
    drawn = (one.filters.drawn, one.how, one.filters.high)
    return (one.path, tuple(kernel), inputs, one.groups, number, *drawn, *maps)


def how_drawn(one: Convolution) -> str:
    """The same in words; of more inputs than there are columns those that have one."""
    inputs = one.weight[1]
    if one.how == "rows" and inputs > INPUTS:
        return f"a row each, with the first {INPUTS} of {inputs:,} inputs"
    return HOW[one.how]


def sentences(found: Filters) -> Iterator[str]:
    """What makes a drawing something else than it seems."""
    for one in found.convolutions:
        if not one.filters.finite:
            yield f"{one.path} has weights that are NaN or infinite; they are drawn as 0."
        if one.maps is not None and not one.maps.finite:
            yield f"{one.path} answers with NaN or infinity; it is drawn as 0."
    if found.weights is None:
        yield AT_RANDOM


def notes(found: Filters) -> Iterator[str]:
    """What a reader of the figure must know."""
    yield "white: the weight that is drawn white; 0 is grey, and black its negative. 0.5 % are beyond."
    for how in dict.fromkeys(one.how for one in found.convolutions):
        yield f"{how}: {HOW[how]}."
    for one in found.convolutions:
        if one.how == "rows" and one.weight[1] > INPUTS:
            yield f"{one.path}: {how_drawn(one)}."
    if found.image is not None:
        yield "maps: what the layer makes of the image, the lowest black, the highest white."
