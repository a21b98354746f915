"""Predicting from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lightbench import devices
from lightbench.costs.precision import own_dtype
from lightbench.datasets.support.image_files import NAME_IMAGES, files_of, text_of
from lightbench.devices import Device
from lightbench.errors import LightbenchError, UsageError
from lightbench.process import patched, switches
from lightbench.records.failure import explain
from lightbench.runner.control import Say, unsaid
from lightbench.runner.given import Model, check_model
from lightbench.runner.session import process_kept
from lightbench.studies.learned import Learned, network_of
from lightbench.studies.predict.answers import Answer, Ending, answers, ending, probabilities
from lightbench.studies.predict.ask import Asked, Outcome, show
from lightbench.studies.predict.drawing import draw
from lightbench.studies.predict.predicted import Guess, Predicted
from lightbench.studies.predict.settings import BATCH, TOP, Settings
from lightbench.studies.predict.table import predictions_view
from lightbench.studies.result import Shown
from lightbench.studies.sight import Sight, sight_of
from lightbench.views.table import View
from lightbench.workers import journal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Predictions(Shown):
    """What `predict` found: ``images`` in the order in which they were named, those of a folder in that of their names.
    ``ending`` is what the network ends with, ``made_ready`` how images were, ``skipped`` how many files of folders are
    no images."""

    model: str
    weights: str | None
    images: tuple[Predicted, ...]
    ending: Ending
    made_ready: str
    assumed: bool  # is that a guess?
    named: bool  # do classes have names?
    skipped: int = 0

    @property
    def view(self) -> View:  # type: ignore[override]
        return predictions_view(self)

    def plot(self) -> Figure:
        """Images with their answers. Raises UsageError without an answer."""
        return draw(self)

    @property
    def exit_code(self) -> int:
        """0 if there is an answer for each image, 3 for some, 2 for none."""
        without = sum(image.problem is not None for image in self.images)
        return 0 if not without else 3 if without < len(self.images) else 2


def predict(
    model: Model,
    *images: str | Path,
    weights: str | None = None,
    input: str | None = None,  # noqa: A002  the word of the command line
    top: int = TOP,
    batch: int = BATCH,
    device: str = "cpu",
    trusted: bool = True,
    say: Say = unsaid,
) -> Predictions:
    """The classes that a trained network sees in images, with their probabilities from 0 to 1.

    ``model`` is a name (see `load_model`) or a module, of which a copy is asked; ``images`` are files and folders.
    ``weights`` are a file, or "torchvision:DEFAULT"; None: as the network is. Images are made ready as is noted beside
    the weights; without a note ImageNet's normalisation is assumed, and classes are numbers. Softmax is taken exactly
    once: of a network that ends in it, or in its logarithm, the answers are taken for what they are. ``batch`` images
    are in memory at a time.

    An image that is damaged has a ``problem`` instead of classes. Raises UsageError for one that is alone or no image,
    and for weights that do not fit; ModelError, DeviceUnavailable, MissingPackage, OutOfMemory.
    """
    check_model(model)
    settings = Settings(top=top, batch=batch)
    if not images:
        raise UsageError("no image is named.", NAME_IMAGES)
    files = list(files_of(images))
    hardware = devices.answering(device)
    with process_kept(), switches.kept(), patched.given_back():
        known = network_of(model, weights, input=input, trusted=trusted)
        sight = sight_of(known)
        with hardware.session(threads=None):
            ask = partial(_ask, known, hardware, settings.top)
            known.network.to(hardware.torch_device)
            found = show(files, sight.see, ask, batch=settings.batch, say=say)
    if not found.asked:
        raise UsageError(_without_images(images, found.skipped), NAME_IMAGES)
    if len(found.asked) == 1 and found.asked[0].error is not None:
        raise found.asked[0].error
    return _told(known.model, weights, found, sight)


def _ask(known: Learned, hardware: Device, top: int, images: Tensor) -> list[Answer]:
    network = known.network
    given = images.to(hardware.torch_device, getattr(torch, own_dtype(network)))
    try:
        with torch.inference_mode(), journal.held("first call", known.model):
            output = network(given)
            return answers(output, len(images), top, known.model)
    except LightbenchError:
        raise
    except BaseException as error:
        journal.let_through(error)
        raise explain(network, error) from error


def _told(model: str, weights: str | None, found: Outcome, sight: Sight) -> Predictions:
    ends = ending(one.answer for one in found.asked if one.answer is not None)
    return Predictions(
        model,
        weights,
        tuple(_predicted(one, ends, sight.classes) for one in found.asked),
        ends,
        sight.said,
        sight.assumed,
        sight.classes is not None,
        found.skipped,
    )


def _predicted(one: Asked, ends: Ending, classes: Sequence[str] | None) -> Predicted:
    if one.answer is None:
        return Predicted(text_of(one.path), problem=one.problem)
    guesses = zip(one.answer.classes, probabilities(one.answer, ends), strict=True)
    return Predicted(
        text_of(one.path),
        tuple(Guess(n, _name(n, classes), probability) for n, probability in guesses),
    )


def _name(number: int, classes: Sequence[str] | None) -> str:
    """That of a class; its number where it has none."""
    return classes[number] if classes and number < len(classes) else str(number)


def _without_images(images: Sequence[str | Path], skipped: int) -> str:
    places = ", ".join(repr(text_of(Path(place))) for place in images[:3])
    more = ", ..." if len(images) > 3 else ""
    others = f" but {skipped:,} other files" if skipped else ""
    return f"there is no image in {places}{more}{others}."
