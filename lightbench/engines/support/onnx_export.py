"""A network as an ONNX model: one export for all engines that read ONNX, so that what differs is the engine.

PyTorch's own exporter (``torch.onnx.export`` with ``dynamo=True``): constants and batch norms are folded, and each
node says of which module it is. Shapes are those of the inputs, since engines are up to 1.4 times slower with free ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.engines import Given
from lightbench.errors import ModelError
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain_plainly

PACKAGES = ("onnx", "onnxscript")
LARGEST = 2**31 - 1  # bytes of a protobuf
_PATHS = ("pkg.torch.onnx.stack_trace",)  # names files of this machine


def input_names(tensors: Iterable[Tensor]) -> list[str]:
    """What the inputs of a model are called, in the order of the tensors."""
    return [f"input_{i}" for i, _ in enumerate(tensors)]


def taken(
    made: Iterable[str], inputs: Sequence[Tensor] | Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The inputs of a model by their names, those of `input_names` unless ``inputs`` has others; what the
    network does not read is not among them. Raises ModelError for a model with others."""
    named = inputs if isinstance(inputs, Mapping) else _numbered(inputs)
    made = list(made)
    if strange := [name for name in made if name not in named]:
        raise ModelError(
            f"its ONNX model has an input {strange[0]!r}, which is none of the network's."
        )
    return {name: named[name] for name in made}


def fed(model: bytes, samples: Iterable[Given]) -> list[dict[str, Any]]:
    """Each of several inputs as the arrays that a model takes, by their names."""
    import onnx

    names = [each.name for each in onnx.load_from_string(model).graph.input]
    return [
        {name: x.numpy() for name, x in taken(names, list(tensors_in(given))).items()}
        for given in samples
    ]


def _numbered(inputs: Sequence[Tensor]) -> dict[str, Tensor]:
    return dict(zip(input_names(inputs), inputs, strict=True))


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> bytes:
    """The network in eval mode. Raises ModelError for one that cannot be exported."""
    name = type(network).__name__
    try:
        # What the exporter itself uses is deprecated here and there: no news for those who run -W error.
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network.eval(),
                tuple(inputs),
                kwargs=dict(keywords),
                input_names=input_names(tensors_in((inputs, keywords))),
                dynamo=True,
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
    except Exception as error:
        reason = explain_plainly(f"{name} cannot be exported to ONNX", error)
        raise ModelError(reason.message, "Try --engine eager.") from error
    for node in model.graph.node:
        kept = [each for each in node.metadata_props if each.key not in _PATHS]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    if model.ByteSize() > LARGEST:
        raise ModelError(f"{name} is too large for one ONNX file of 2 GB.", "Try --engine eager.")
    return bytes(model.SerializeToString())
