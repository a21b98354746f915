"""Weights that were trained: read from a file in which nothing but data can be, and put into a network."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench import units
from lightbench.errors import MissingPackage, UsageError, how_to_install
from lightbench.models.torchvision import import_torchvision

TORCHVISION = "torchvision:"
ABOUT = "about"  # the key of what training has noted beside the weights
# Where those keep them who save more than weights: we ourselves, Lightning and MMEngine, timm and torchvision, others.
_KEPT_AS = ("weights", "state_dict", "model", "model_state_dict", "net", "network")
# What stands before every name where the network was wrapped: by DataParallel, torch.compile, EMA.
_WRAPPED = ("module.", "_orig_mod.")
_UNNEEDED = "num_batches_tracked"  # of norms; files from before 2018 have none
NAMED = 3  # tensors, of those that do not fit


class Weights(NamedTuple):
    """``tensors`` by their names in the network; ``about`` is what `lightbench train` has noted beside them, as JSON, and
    None in other files; ``digest`` tells them from others in eight hexadecimal digits."""

    tensors: dict[str, Tensor]
    about: str | None
    digest: str


def read(source: str) -> Weights:
    """A ``.safetensors`` file, or one that torch.save has written: of it, ``weights_only``. Raises UsageError for a file
    that is not there, that is damaged, or that holds more than data or no weights; MissingPackage."""
    path = Path(source)
    if not path.is_file():
        raise UsageError(
            f"there is no file {source!r}." if not path.exists() else f"{source!r} is no file.",
            "Name a .pt, .pth or .safetensors file that holds weights.",
        )
    found = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    about = found.get(ABOUT) if isinstance(found, Mapping) else None
    tensors = _tensors_in(found)
    if not tensors:
        kind = type(found).__name__
        raise UsageError(
            f"{source!r} holds no weights: names with tensors were expected, and it has a {kind}.",
            "Save them with torch.save(network.state_dict(), FILE).",
        )
    return Weights(tensors, about if isinstance(about, str) else None, digest_of(tensors))


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
    """Put them into a network, which is called ``name``. Raises UsageError, with what is missing, what is not its own
    and what has another shape."""
    wanted = network.state_dict()
    given = weights.tensors
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


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """Of names, types, shapes and bytes, in whatever order."""
    digest = hashlib.blake2b(digest_size=4)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}.") from error
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"{str(path)!r} holds more than data, and may run code when it is read: it is not.",
            "Save weights alone, where you trust it: torch.save(network.state_dict(), FILE).",
        ) from error
    except Exception as error:  # whatever a damaged or made-up file leads to
        raise UsageError(
            f"{str(path)!r} is no file of weights, or is damaged.",
            "Name a .pt, .pth or .safetensors file that holds weights.",
        ) from error


def _safetensors(path: Path) -> Any:
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise MissingPackage(
            "safetensors is not installed, which reads such files.", how_to_install("safetensors")
        ) from error
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}.") from error
    except Exception as error:
        raise UsageError(
            f"{str(path)!r} is no file of weights, or is damaged.", "Download or save it again."
        ) from error


def _tensors_in(found: Any) -> dict[str, Tensor]:
    """The weights in what a file holds; none if there are none."""
    if not isinstance(found, Mapping):
        return {}
    if found and all(isinstance(value, Tensor) for value in found.values()):
        return _unwrapped({str(name): value for name, value in found.items()})
    return next(filter(None, (_tensors_in(found.get(key)) for key in _KEPT_AS)), {})


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors.pop("n_averaged", None)  # of an average of weights, torch.optim.swa_utils
    for prefix in _WRAPPED:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _unwrapped({name.removeprefix(prefix): t for name, t in tensors.items()})
    return tensors


def _shape(tensor: Tensor) -> str:
    return units.shape(tensor.shape)
