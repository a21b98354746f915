"""A network with what it has learned: its weights, the classes that it tells apart, and how an image is made ready."""

from __future__ import annotations

import copy
import math
from typing import Any, NamedTuple

import msgspec
import torch
from torch import nn

from lightbench import units
from lightbench.datasets import Data
from lightbench.datasets.support.preparation import Preparation, preparation_of
from lightbench.errors import UsageError
from lightbench.models import sources, weights
from lightbench.models.sources import own_switches
from lightbench.models.weights import Weights
from lightbench.records import InputSpec
from lightbench.records.failure import explain_plainly
from lightbench.records.input_grammar import parse_input
from lightbench.records.noun import Noun
from lightbench.studies.rows import rows_in

# ImageNet's, for which most networks of this size of input are trained.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class About(Noun, frozen=True, kw_only=True):
    """What was trained, on what, and how; it stands beside the weights."""

    model: str
    data: str  # "digits"
    classes: tuple[str, ...]
    preparation: Preparation
    seed: int = 0
    settings: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def made_ready(self) -> str:
        """How images are, in words."""
        return f"Images were made ready as in training on {self.data}: {self.preparation.said}."


class Learned(NamedTuple):
    """``network`` is in eval mode, on the CPU; ``input`` is one image of it, without the batch."""

    network: nn.Module
    model: str
    input: InputSpec
    weights: Weights
    about: About | None


def learned(
    model: str | nn.Module,
    source: str | None,
    *,
    input: str | None = None,  # noqa: A002  the word of the command line
    trusted: bool = True,
) -> Learned:
    """A network with the weights of a file, or with ``torchvision:DEFAULT``; None: as it is built, at random. ``input``
    is for a network at hand, and for one that takes images of several sizes. Raises UsageError for weights that are not
    there or do not fit, and for a network that takes no images; ModelError, MissingPackage."""
    if isinstance(model, nn.Module):
        network, name, spec = model, type(model).__name__, input or sources.DEFAULT_INPUT
        image = parse_input(spec)
    else:
        model = sources.full_name(model)
        found = sources.find(model, trusted=trusted)
        network, name = found.build(), model
        image = parse_input(input) if input else found.inputs[0]
        if len(found.inputs) > 1:
            raise UsageError(f"{model} takes several inputs, not an image.")
    image = image_of(name, image)
    entry = None
    if source is None:
        put = Weights(network.state_dict(), None, weights.digest_of(network.state_dict()))
    else:
        put, entry = weights.of(source, name)
        weights.fit(network, put, name)
    return Learned(network.eval(), name, image, put, about_of(put, entry, source, name))


def network_of(
    model: str | nn.Module,
    source: str | None,
    *,
    input: str | None,  # noqa: A002  the word of the command line
    trusted: bool,
) -> Learned:
    """A network to be asked: by name, and then without weights the same each time; or a copy of one at hand, which may be
    changed and moved. Raises as `learned` does."""
    torch.manual_seed(0)
    if isinstance(model, str):
        with own_switches.loading(model):
            return learned(model, source, input=input, trusted=trusted)
    try:
        own = copy.deepcopy(model).cpu()
    except Exception as error:
        raise explain_plainly(f"{type(model).__name__} cannot be copied", error) from error
    return learned(own, source, input=input, trusted=trusted)


def image_of(name: str, given: object) -> InputSpec:
    """What a network takes, if it is a square image of one or three channels. Raises UsageError for anything else."""
    if isinstance(given, InputSpec) and len(given.shape) == 3:
        channels, height, width = given.shape
        if channels in (1, 3) and height == width:
            return given
    raise UsageError(
        f"{name} takes no square image of one or three channels.",
        "Say what it takes: --input 3x32x32.",
    )


def about_of(put: Weights, entry: Any, source: str | None, model: str) -> About | None:
    """What training has noted beside weights, and torchvision beside its own; None of other files. Raises UsageError for
    a note that is none."""
    if entry is not None:
        return _of_entry(model, entry)
    if put.about is None:
        return None
    try:
        return msgspec.json.decode(put.about, type=About)
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"what stands beside the weights in {source!r} is no note of `lightbench train`: {error}.",
        ) from error


def outputs_of(learned: Learned) -> int:
    """How many classes it answers with. Raises ModelError for a network that does not answer with one row of numbers for
    each image."""
    side = learned.input.shape
    image = torch.zeros(2, *side)
    try:
        with torch.inference_mode():
            answer = learned.network(image)
    except Exception as error:
        raise explain_plainly(
            f"{learned.model} does not take images of {units.shape(side)}", error
        ) from error
    return rows_in(answer, len(image), None, learned.model).shape[1]


def check_classes(learned: Learned, data: str, classes: tuple[str, ...]) -> None:
    """Raises UsageError for another number of classes than the network answers with."""
    number = outputs_of(learned)
    if number != len(classes):
        raise UsageError(
            f"{learned.model} answers with {number:,} classes, and {data} has {len(classes):,}.",
            "Choose a network with as many: ours for ten end in _cifar, your own is file.py:Class.",
        )


def preparation_for(learned: Learned, data: Data | None) -> Preparation:
    """How an image becomes what the network takes: as noted beside the weights; else with the data set's mean and
    deviation; else with ImageNet's. Raises UsageError for colours that the network cannot take."""
    if learned.about is not None:
        return learned.about.preparation
    channels, side, _ = learned.input.shape
    if data is not None:
        return preparation_of(data, side=side, channels=channels)
    if channels == 1:
        mean = math.fsum(MEAN) / len(MEAN)
        return Preparation(side=side, mean=(mean,), std=(math.fsum(STD) / len(STD),))
    return Preparation(side=side, mean=MEAN, std=STD)


def _of_entry(name: str, entry: Any) -> About:
    """Of weights that torchvision publishes: its classes, and the size and normalisation of its own transforms."""
    how = entry.transforms()
    return About(
        model=name,
        data=str(entry),
        classes=tuple(entry.meta["categories"]),
        preparation=Preparation(
            side=how.crop_size[0],
            part=how.crop_size[0] / how.resize_size[0],
            mean=tuple(how.mean),
            std=tuple(how.std),
            scaling=how.interpolation.value,
        ),
    )
