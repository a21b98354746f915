"""What a model's name stands for now: enough to tell whether a stored number is still of it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightbench import graphs, registry
from lightbench.costs.version import counting
from lightbench.errors import LightbenchError
from lightbench.models import sources
from lightbench.models.sources.model_files import model_files
from lightbench.models.sources.project_files import external_names, project_files
from lightbench.models.sources.source_trees import placed
from lightbench.records import Identity

if TYPE_CHECKING:
    from torch import nn

LIBRARIES = ("torchvision", "timm")
# What differs from build to build: addresses, and values of tensors.
_PASSING = re.compile(r" at 0x[0-9a-fA-F]+|(?:tensor|Parameter)\(.*\)", re.DOTALL)


def identity_of(model: str | None, network: nn.Module) -> Identity:
    """The identity of a network that was just built by this name (None: that was handed over), before
    its weights are moved or cast. What cannot be read is left out."""
    code, packages = ("", ()) if model is None else code_of(model)
    return Identity(
        structure=structure_of(network), code=code, packages=packages, counting=counting()
    )


def current(model: str, *, trusted: bool) -> tuple[Identity, nn.Module] | None:
    """What the name stands for now, and the network that was built for it, without memory where that
    works; None if it cannot be built."""
    import torch

    from lightbench.models.sources import own_switches
    from lightbench.models.sources.without_memory import without_memory
    from lightbench.process import switches

    try:
        source = sources.find(model, trusted=trusted)
        with torch.random.fork_rng(devices=[]), switches.kept(), own_switches.loading(model):
            source.load()
            try:
                with without_memory():
                    network = source.build()
            except Exception:  # noqa: BLE001  some look at the values of their tensors
                network = source.build()
        return identity_of(model, network), network
    except LightbenchError:
        return None


def code_of(model: str) -> tuple[str, tuple[str, ...]]:
    """A hash of the code that a name stands for, and the versions of the packages that it is from;
    "" for the code of a package. Nothing is run or imported."""
    prefix, colon, _ = model.partition(":")
    if kind := graphs.format_of(model):
        return _hash(model_files(model, kind)), ()
    if path := sources.file_of(model):
        files = project_files(placed(path))
        used = external_names(files).intersection(LIBRARIES)
        return _hash(files), _versions(used)
    if colon and prefix in LIBRARIES:
        return "", _versions({prefix})
    folder = registry.PACKAGE / "models"
    file = folder / "stacks.py" if colon else registry.file(sources.FAMILY, _family(model))
    if file is None:
        return "", ()
    return _hash(project_files(file, folder if file.is_relative_to(folder) else None)), ()


def structure_of(network: nn.Module) -> str:
    """A hash of the modules of a network, of what each says of its settings, and of the names and the
    shapes of its parameters and buffers. Their values have no part in it."""
    digest = hashlib.sha256()
    for line in _lines(network):
        digest.update(line.encode(errors="surrogatepass") + b"\n")
    return digest.hexdigest()[:16]


def _lines(network: nn.Module) -> Iterator[str]:
    for path, module in network.named_modules():
        yield f"{path} {type(module).__qualname__} {_settings(module)}"
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        yield f"{name} {_shape(tensor)}"


def _settings(module: nn.Module) -> str:
    with suppress(Exception):  # it may be anybody's code
        return _PASSING.sub("", str(module.extra_repr()))
    return ""


def _shape(tensor: Any) -> str:
    with suppress(Exception):  # of a lazy parameter it is not known yet
        return str(tuple(tensor.shape))
    return ""


def _family(model: str) -> str:
    return sources.own_names().get(sources.own_name(model) or "", "")


def _hash(files: tuple[Path, ...]) -> str:
    """Of contents and of how the files lie to one another, wherever they are."""
    digest = hashlib.sha256()
    for file in files:
        with suppress(OSError):
            content = file.read_bytes()
            digest.update(os.path.relpath(file, files[0].parent).encode(errors="surrogateescape"))
            digest.update(b"\0%d\0" % len(content) + content)
    return digest.hexdigest()[:16]


def _versions(packages: set[str]) -> tuple[str, ...]:
    found = []
    for package in sorted(packages):
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return tuple(found)
