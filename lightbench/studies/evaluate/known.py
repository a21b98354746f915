"""The networks that are to be evaluated: loaded, and held against the data set before anything is computed."""

from __future__ import annotations

import torch

from lightbench import graphs, units
from lightbench.datasets import Data, Split
from lightbench.errors import UsageError
from lightbench.process import switches
from lightbench.runner.given import Model
from lightbench.studies.evaluate.pictures import batch
from lightbench.studies.evaluate.ready import Known
from lightbench.studies.learned import Learned, check_classes, network_of, preparation_for
from lightbench.studies.rows import are_probabilities, rows_in

LOOKED_AT = 8  # images, to see what a network ends with


def known_of(
    model: Model,
    source: str | None,
    data: Data,
    split: Split,
    *,
    input: str | None,  # noqa: A002  the word of the command line
    trusted: bool,
) -> Known:
    """A network with the weights of ``source``. Raises UsageError for weights that do not fit, another number of classes
    than the data set has, and the same classes in another order; ModelError, MissingPackage."""
    name = model if isinstance(model, str) else None
    if name and graphs.format_of(name):
        raise UsageError(
            f"{name} is a model file, and networks of PyTorch's are evaluated, also as engines run them.",
            "Name the network that it was made of, its --weights, and --engine onnxruntime.",
        )
    with switches.kept():
        one = _as_noted(network_of(model, source, input=input, trusted=trusted), input)
    check_classes(one, data.name, split.classes)
    _check_order(one, data.name, split.classes)
    how = preparation_for(one, data)
    few = batch(split, range(min(LOOKED_AT, len(split.images))), [how]).images[how]
    with torch.inference_mode():
        rows = rows_in(one.network(few), len(few), len(split.classes), one.model)
    return Known(one, source, how, name, bool(are_probabilities(rows).all()))


def _as_noted(one: Learned, asked: str | None) -> Learned:
    """It takes the images that its weights were trained on. Raises UsageError where others were ``asked`` for."""
    if one.about is None:
        return one
    noted = one.about.preparation.input
    if asked is not None and noted.shape != one.input.shape:
        raise UsageError(
            f"the weights were trained on inputs of {units.shape(noted.shape)}, and --input is {asked}.",
            "Leave --input out: what is noted beside the weights is taken.",
        )
    return one._replace(input=noted)


def _check_order(one: Learned, data: str, classes: tuple[str, ...]) -> None:
    """Every answer would be taken for that of another class."""
    own = one.about.classes if one.about else classes
    if own != classes and sorted(own) == sorted(classes):
        i = next(i for i, (a, b) in enumerate(zip(own, classes, strict=True)) if a != b)
        raise UsageError(
            f"the weights have the classes of {data} in another order: class {i} is {own[i]!r} to them, and"
            f" {classes[i]!r} in the data.",
            "Evaluate them on data laid out as those that they were trained on.",
        )
