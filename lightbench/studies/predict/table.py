"""Predictions as a table: a row for each image, or as many as classes were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.studies.sight import AT_RANDOM
from lightbench.views.table import Column, Table, View

if TYPE_CHECKING:
    from lightbench.studies.predict.api import Predictions

COLUMNS = (
    Column("path", "image", align="left"),
    Column("rank", "rank", units.exact, sparse=True),
    Column("class", "class", align="left"),
    Column("number", "number", units.exact, shown=False),
    Column("probability", "probability", units.percent),
    Column("problem", "problem", align="left", shown=False),
)
PROBLEMS = 10  # are told below a table
ENDINGS = {
    "scores": "probability: softmax of what the network answers.",
    "softmax": "The network ends in softmax: its answers are the probabilities.",
    "log_softmax": "The network ends in log_softmax: exp of its answers are the probabilities.",
}
NUMBERS = "The weights do not name their classes: numbers stand for them, the first is 0."


def predictions_view(found: Predictions) -> View:
    """A row for each image and class; of an image without an answer one with the reason."""
    rows = tuple(_rows(found))
    title = f"Predictions of {found.model}"
    table = Table(title, COLUMNS, rows, tuple(notes(found)), tuple(sentences(found)))
    data = {
        "model": found.model,
        "weights": None if found.weights is None else units.unicode(found.weights),
        "ending": found.ending,
        "made_ready": found.made_ready,
        "assumed": found.assumed,
        "skipped": found.skipped,
        "predictions": [table.named(row) for row in rows],
    }
    return View(table, data)


def _rows(found: Predictions) -> Iterator[tuple[Any, ...]]:
    ranked = any(len(image.guesses) > 1 for image in found.images)
    for image in found.images:
        if image.problem is not None:
            yield image.path, None, None, None, None, image.problem
        for rank, guess in enumerate(image.guesses, 1):
            ranks = rank if ranked else None
            yield image.path, ranks, guess.name, guess.number, guess.probability, None


def sentences(found: Predictions) -> Iterator[str]:
    """Why images have no answer, and what makes all of them worthless."""
    without = [image for image in found.images if image.problem is not None]
    for image in without[:PROBLEMS]:
        yield f"no answer for {image.path}: it {image.problem}."
    if len(without) > PROBLEMS:
        yield f"no answer for {len(without) - PROBLEMS:,} more; --format csv has all reasons."
    if found.weights is None:
        yield AT_RANDOM


def notes(found: Predictions) -> Iterator[str]:
    """What a reader must know before believing them."""
    yield ENDINGS[found.ending]
    yield found.made_ready
    if not found.named:
        yield NUMBERS
    if found.skipped:
        files = "file is no image and was" if found.skipped == 1 else "files are no images and were"
        yield f"{found.skipped:,} {files} skipped."
