"""Weights that were trained: read from a file in which nothing but data can be, and put into a network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench import units
from lightbench.errors import UsageError
from lightbench.models import weight_files
from lightbench.models.torchvision import import_torchvision

TORCHVISION = "torchvision:"
ABOUT = "about"  # the key of what training has noted beside the weights
# Where those keep them who save more than weights: we ourselves, Lightning and MMEngine, timm and torchvision, others.
_KEPT_AS = ("weights", "state_dict", "model", "model_state_dict", "net", "network")
# What stands before every name where the network was wrapped: by DataParallel, torch.compile, EMA.
_WRAPPED = ("module.", "_orig_mod.")
_UNNEEDED = "num_batches_tracked"  # of norms; files from before 2018 have none
DEEPEST = 3  # within what is in the file; it may be made up to have no end
NAMED = 3  # tensors, of those that do not fit


class Weights(NamedTuple):
    """``tensors`` by their names in the network; ``about`` is what `lightbench train` has noted beside them, as JSON, and
    None in other files; ``digest`` tells them from others in eight hexadecimal digits."""

    tensors: dict[str, Tensor]
    about: str | None
    digest: str


def read(source: str) -> Weights:
    """A file that safetensors or torch.save has written. Raises UsageError for one that is not there, that is damaged, or
    that holds more than data or no weights; MissingPackage."""
    found = weight_files.content(Path(source))
    about = found.get(ABOUT) if isinstance(found, Mapping) else None
    tensors = _tensors_in(found)
    if not tensors:
        kind = type(found).__name__
        raise UsageError(
            f"{source!r} holds no weights: names with tensors were expected, and it has a {kind}.",
            weight_files.SAVE,
        )
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type == "meta":
            raise UsageError(
                f"{name} of {source!r} is {_kind(tensor)}, and no plain numbers.", weight_files.SAVE
            )
    return Weights(tensors, about if isinstance(about, str) else None, digest_of(tensors))


def of(source: str, model: str) -> tuple[Weights, Any]:
    """The weights of a file, or those that torchvision publishes for ``model`` with their entry, which a file has not.
    Raises as `read` and `of_torchvision` do."""
    if source.startswith(TORCHVISION):
        return of_torchvision(model, source.removeprefix(TORCHVISION))
    return read(source), None


def of_torchvision(model: str, name: str) -> tuple[Weights, Any]:
    """The weights that torchvision publishes for one of its networks, ``name`` is DEFAULT or IMAGENET1K_V1, and their
    entry, which has the classes and the transforms. Raises UsageError, also where they cannot be downloaded."""
    prefix, _, network = model.partition(":")
    if prefix != "torchvision":
        raise UsageError(
            f"torchvision publishes weights of its own networks, and not of {model}.",
            "Name a file of weights, or a network as torchvision:resnet18.",
        )
    import_torchvision()
    from torchvision import models

    known = models.get_model_weights(network)
    if name not in known.__members__:
        listed = ", ".join(known.__members__) or "none"
        raise UsageError(f"{model} has no weights {name!r}.", f"It has: {listed}.")
    entry = known[name]
    try:
        tensors = entry.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"the weights of {model} cannot be downloaded: {str(error).splitlines()[0]}.",
            f"Where there is a network, get {entry.url} and name the file: --weights FILE.",
        ) from error
    return Weights(dict(tensors), None, digest_of(tensors)), entry


def fit(network: nn.Module, weights: Weights, name: str) -> None:
    """Put them into a network, which is called ``name``, also where another one had it as its part. Raises UsageError,
    with what is missing, what is not its own and what has another shape."""
    wanted = network.state_dict()
    given = _as_own(weights.tensors, wanted)
    missing = [key for key in wanted if key not in given and not key.endswith(_UNNEEDED)]
    odd = [key for key in given if key not in wanted]
    other = [
        f"{key} {_shape(given[key])} for {_shape(wanted[key])}"
        for key in wanted
        if key in given and given[key].shape != wanted[key].shape
    ]
    parts = [
        f"{len(keys)} of {of} {what} ({', '.join(keys[:NAMED])}{', ...' if len(keys) > NAMED else ''})"
        for keys, of, what in (
            (missing, f"its {len(wanted)}", "are missing"),
            (odd, f"the file's {len(given)}", "are not its own"),
            (other, f"its {len(wanted)}", "have another shape"),
        )
        if keys
    ]
    if parts:
        raise UsageError(
            f"the weights do not fit {name}: {'; '.join(parts)}.",
            "Name the network that they were saved from, with the same width and number of classes.",
        )
    network.load_state_dict(given, strict=False)


def _as_own(given: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without what stands before all names and the network does not know: "model." of Lightning, "backbone."."""
    before = {name.partition(".")[0] for name in given}
    if len(before) != 1 or any(name in wanted for name in given):
        return given
    inner = {name.partition(".")[2]: tensor for name, tensor in given.items()}
    return inner if any(name in wanted for name in inner) else given


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """Of names, types, shapes and bytes, in whatever order."""
    digest = hashlib.blake2b(digest_size=4)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _kind(tensor: Tensor) -> str:
    if tensor.is_quantized:
        return "quantized"
    return "without data" if tensor.device.type == "meta" else "sparse"


def _tensors_in(found: Any, deep: int = 0) -> dict[str, Tensor]:
    """The weights in what a file holds; none if there are none."""
    if not isinstance(found, Mapping) or deep > DEEPEST:
        return {}
    if found and all(isinstance(value, Tensor) for value in found.values()):
        return _unwrapped({str(name): value for name, value in found.items()})
    return next(filter(None, (_tensors_in(found.get(key), deep + 1) for key in _KEPT_AS)), {})


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors.pop("n_averaged", None)  # of an average of weights, torch.optim.swa_utils
    for prefix in _WRAPPED:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _unwrapped({name.removeprefix(prefix): t for name, t in tensors.items()})
    return tensors


def _shape(tensor: Tensor) -> str:
    return units.shape(tensor.shape)
