"""A network that is a model file: ``net.onnx``, ``net.xml``, ``net.tflite``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lightbench.errors import NotThere
from lightbench.models.sources.source import Source
from lightbench.models.sources.source_trees import placed
from lightbench.records.inputs import Input, InputSpec

if TYPE_CHECKING:
    from torch import nn

    from lightbench import graphs


def from_model_file(model: str, kind: str) -> Source:
    """What the file says of its inputs is what it is made for. Raises NotThere, ModelError, MissingPackage."""
    from lightbench.graphs.support.network import FileNetwork, inputs_of  # import torch

    file = placed(Path(model))
    if not file.is_file():
        raise NotThere(f"there is no file {model!r}.", "Write the path of a model file.")

    def build() -> nn.Module:
        return FileNetwork(file, kind)

    inputs, batch = made_for(inputs_of(file, kind))
    return Source(build, inputs, batch=batch)


def model_files(model: str, kind: str) -> tuple[Path, ...]:
    """The file of that name, and what belongs to it."""
    from lightbench.graphs.support.network import files_of

    return files_of(placed(Path(model)), kind)


def made_for(taken: Sequence[graphs.Input]) -> tuple[tuple[Input, ...], int]:
    """Inputs as they are typed, and the batch. The batch is the first size of the first input, and of all
    inputs that begin with the same. Nothing, where any other size is open: it has to be said."""
    first = next((one.sizes[0] for one in taken if one.sizes), None)
    found: list[Input] = []
    for one in taken:
        batched = bool(one.sizes) and one.sizes[0] == first and first != 0
        sizes = [size for size in one.sizes[batched:] if isinstance(size, int)]
        if len(sizes) < len(one.sizes) - batched or (batched and 0 in sizes):
            return (), 1
        dtype = None if one.dtype == "float32" else one.dtype
        found.append(InputSpec(shape=tuple(sizes), dtype=dtype, batch_at=0 if batched else None))
    return tuple(found), first if isinstance(first, int) and first > 0 else 1
