"""What a classifying network answers: a row of numbers for each image, one of each class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lightbench import units
from lightbench.errors import ModelError
from lightbench.records.arguments import tensors_in

CLOSE = 1e-4  # to 1, of a sum in float32


def rows_in(output: Any, images: int, classes: int | None, name: str) -> Tensor:
    """What a network called ``name`` answers to so many images, as float64 on the host: images x classes, of which there
    are at least two; None: as many as it says. Raises ModelError for an answer of another kind."""
    found = list(tensors_in(output))
    if len(found) != 1 or not _fits(found[0], images, classes):
        shapes = " and ".join(units.shape(tuple(x.shape)) for x in found) or type(output).__name__
        of = f" of {units.exact(classes)} classes" if classes else ""
        raise ModelError(
            f"{name} does not classify: it answers with {shapes} for {units.exact(images)} images{of}.",
            f"A row of numbers for each image is expected: {images}x{classes or 'CLASSES'}.",
        )
    plain = found[0].dequantize() if found[0].is_quantized else found[0]
    return plain.detach().to(device="cpu", dtype=torch.float64, copy=True)


def _fits(answer: Tensor, images: int, classes: int | None) -> bool:
    if answer.is_complex() or answer.dim() != 2 or len(answer) != images:
        return False
    return answer.shape[1] == classes if classes else answer.shape[1] > 1


def are_probabilities(rows: Tensor, close: float = CLOSE) -> Tensor:
    """Of each row: is it what softmax gives? Then all are above zero, and they add up to 1."""
    return (rows >= 0).all(dim=1) & ((rows.sum(dim=1) - 1).abs() < close)
