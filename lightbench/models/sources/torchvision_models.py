"""What torchvision has networks for, and what each of them is called with."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from lightbench.errors import UnknownName
from lightbench.models.sources.source import Source, made
from lightbench.records.input_grammar import parse_inputs

PACKAGE = "torchvision.models"


class _Task(NamedTuple):
    """A module of torchvision's: how its networks' inputs are typed, from the transforms of their
    newest weights (None: there are none), and with what settings they are built."""

    module: str
    inputs: Callable[[str, Any], tuple[str, ...]]
    settings: dict[str, Any]


def _image(_name: str, transforms: Any) -> tuple[str, ...]:
    size = transforms.crop_size[0] if transforms else 224
    return (f"3x{size}x{size}",)


def _segmented(_name: str, transforms: Any) -> tuple[str, ...]:
    size = transforms.resize_size[0] if transforms else 520
    return (f"3x{size}x{size}",)


def _video(_name: str, transforms: Any) -> tuple[str, ...]:
    size = transforms.crop_size[0] if transforms else 112
    return (f"3x16x{size}x{size}",)  # 16 frames, as they were trained with


def _images(name: str, _transforms: Any) -> tuple[str, ...]:
    """A list of images, as large as the network makes them: ssd300, ssdlite320, or what is usual."""
    said = re.search(r"(?<!\d)(300|320)(?!\d)", name)
    size = said[1] if said else 800
    return (f"[3x{size}x{size}, ...]",)


def _two_frames(_name: str, _transforms: Any) -> tuple[str, ...]:
    return ("3x520x960", "3x520x960")  # torchvision's references/optical_flow


TASKS = (
    _Task("", _image, {}),
    _Task("quantization", _image, {"quantize": True}),
    _Task("segmentation", _segmented, {}),
    _Task("detection", _images, {}),
    _Task("video", _video, {}),
    _Task("optical_flow", _two_frames, {}),
)
# Inception and GoogLeNet would spend 20 s on an initialisation that does not matter here.
_QUICK = {"init_weights": False}
_SLOW = ("googlenet", "inception_v3")


def _models() -> Any:
    from lightbench.models.torchvision import import_torchvision  # 1.3 s

    import_torchvision()
    return import_module(PACKAGE)


def _named() -> Iterator[tuple[str, _Task]]:
    models = _models()
    for task in TASKS:
        module = import_module(f"{PACKAGE}.{task.module}") if task.module else models
        for name in models.list_models(module=module):
            yield name, task


def torchvision_names() -> list[str]:
    """All networks of torchvision: classification, segmentation, detection, video, optical flow."""
    return [name for name, _ in _named()]


def torchvision_source(name: str) -> Source:
    """One of them, with random weights: nothing is downloaded. Raises UnknownName."""
    tasks = dict(_named())
    if name not in tasks:
        raise UnknownName(
            "torchvision model", name, tasks, "See `lightbench list models --from torchvision`."
        )
    models, task = _models(), tasks[name]
    transforms = [weights.transforms() for weights in models.get_model_weights(name)][-1:]
    inputs = task.inputs(name, transforms[0] if transforms else None)
    settings = {**task.settings, "weights": None, **(_QUICK if name in _SLOW else {})}
    if "weights_backbone" in inspect.signature(models.get_model_builder(name)).parameters:
        settings["weights_backbone"] = None
    return Source(
        lambda: made(f"torchvision:{name} cannot be built", models.get_model, name, **settings),
        parse_inputs(inputs),
    )
