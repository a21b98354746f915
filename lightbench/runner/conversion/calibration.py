"""Inputs from which an engine learns the ranges of int8: real images or inputs that are ready, where those that are drawn
at random would not do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from lightbench.engines import Given
from lightbench.errors import UsageError
from lightbench.records.arguments import map_tensors, tensors_in
from lightbench.runner.conversion.calibration_files import (
    MOST,
    READY,
    WHAT,
    chosen,
    digest,
    evenly,
    name_of,
)
from lightbench.units import shape, unicode

# Of the colours of ImageNet, from 0 to 1: as torchvision and timm normalise what most of their networks are given.
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def said(place: str) -> str:
    """What a record says of it, with a hash of what is in it and no path of this machine: "64 images of photos
    (3fa9c1d2)". Raises UsageError."""
    files = chosen(place)
    ready = files[0].suffix.lower() in READY
    many = min(len(_numbers(files[0])), MOST) if ready else len(files)
    what = ("input" if ready else "image") + ("" if many == 1 else "s")
    return f"{many} {what} of {name_of(place)} ({digest(place)[:8]})"


def samples(place: str, given: Given) -> Iterator[Given]:
    """Inputs like ``given``, each of as many images, which are those of ``place``: all of them, and in the last one
    the first again as far as it is not full. Raises UsageError for a network that cannot be given them."""
    x = _replaced(given)
    numbers = _fitting(place, tuple(x.shape[1:]))
    for first in range(0, len(numbers), len(x)):
        rows = [i % len(numbers) for i in range(first, first + len(x))]
        yield map_tensors(partial(_instead, x, numbers[rows].to(x.dtype)), given)


def _instead(x: Tensor, new: Tensor, tensor: Tensor) -> Tensor:
    return new if tensor is x else tensor.clone()


def _replaced(given: Given) -> Tensor:
    """The only tensor of numbers that a network takes; token ids and masks stay as they are."""
    found = {id(x): x for x in tensors_in(given) if x.is_floating_point() and x.dim() and len(x)}
    if len(found) != 1:
        raise UsageError(
            f"--calibration is for networks with one input of numbers, and this one takes {len(found)}.",
            "Leave it out: the ranges are then learnt from inputs like the timed one.",
        )
    return next(iter(found.values()))


def _fitting(place: str, wanted: tuple[int, ...]) -> Tensor:
    """What is there, N x ``wanted``."""
    files, name = chosen(place), name_of(place)
    if files[0].suffix.lower() in READY:
        ready = _numbers(files[0])
        if (found := tuple(ready.shape[1:])) != wanted:
            raise UsageError(
                f"{name} has inputs of {shape(found)}, and the network takes {shape(wanted)}.",
                f"Save them as Nx{shape(wanted)}, or say --input.",
            )
        return ready[evenly(len(ready))]
    if len(wanted) != 3 or wanted[0] != 3:
        raise UsageError(
            f"{name} has images, which are 3xHxW, and the network takes {shape(wanted)}.",
            f"Save inputs that are ready: a .npy file of Nx{shape(wanted)}.",
        )
    return torch.stack([_image(file, *wanted[1:]) for file in files])


def _image(file: Path, height: int, width: int) -> Tensor:
    """3 x height x width: the middle of it, as large as it goes, made that size and normalised."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is large, or has a palette
            with Image.open(file) as image:
                colours = image.convert("RGB")
                fitted = ImageOps.fit(colours, (width, height), Image.Resampling.BILINEAR)
    except Exception as error:
        raise _unreadable(file, "an image", error) from error
    numbers = torch.from_numpy(np.array(fitted)).permute(2, 0, 1).to(torch.float32)
    mean, spread = (
        torch.tensor(each, dtype=torch.float32)[:, None, None] for each in (MEAN, SPREAD)
    )
    return (numbers / 255 - mean) / spread


def _numbers(file: Path) -> Tensor:
    """Inputs that are ready, the first size how many. Nothing in the file is run."""
    import numpy as np

    try:
        if file.suffix.lower() == ".npy":
            found = torch.from_numpy(np.load(file, allow_pickle=False))
        else:
            found = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:
        raise _unreadable(file, "inputs", error) from error
    if not isinstance(found, Tensor):
        raise UsageError(f"{file.name} has a {type(found).__name__}, and no tensor.", WHAT)
    if not found.is_floating_point():
        raise UsageError(
            f"{file.name} has {str(found.dtype).removeprefix('torch.')}, and a network takes numbers that are"
            " normalised.",
            "Save them in float32, as the network is given them.",
        )
    if not found.dim() or not found.numel():
        raise UsageError(f"{file.name} has no inputs: it is {shape(tuple(found.shape))}.", WHAT)
    if not torch.isfinite(found).all():
        raise UsageError(f"{file.name} has what is no number: NaN, or infinite.", WHAT)
    return found


def _unreadable(file: Path, what: str, error: Exception) -> UsageError:
    told = str(error).replace(str(file), file.name)  # no path of this machine
    line = unicode(told).strip().partition("\n")[0].rstrip(". ")
    return UsageError(
        f"cannot read {unicode(file.name)!r} as {what}: {type(error).__name__}: {line}.",
        "Leave it out, or name another place.",
    )
