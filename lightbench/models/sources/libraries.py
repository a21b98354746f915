"""Networks by name from torchvision, timm and our own stacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from lightbench.errors import MissingPackage, UnknownName, UsageError, how_to_install
from lightbench.models.sources.calls import parse_call, settings_of
from lightbench.models.sources.source import Source, made
from lightbench.models.sources.torchvision_models import torchvision_names, torchvision_source
from lightbench.records.inputs import InputSpec


class _Library(NamedTuple):
    find: Callable[[str], Source]
    names: Callable[[], list[str]]


def _timm() -> Any:
    from lightbench.models.torchvision import import_torchvision  # timm needs it

    import_torchvision()
    try:
        return import_module("timm")
    except ImportError as error:
        raise MissingPackage(
            f"timm is not installed, or does not load: {error}.", how_to_install("timm")
        ) from error


def _timm_source(name: str) -> Source:
    timm = _timm()
    if not timm.is_model(name):
        raise UnknownName(
            "timm model", name, timm.list_models(), "See `lightbench list models --from timm`."
        )
    settings = timm.get_pretrained_cfg(name)
    shape = tuple(settings.input_size) if settings else (3, 224, 224)
    return Source(
        lambda: made(f"timm:{name} cannot be built", timm.create_model, name, pretrained=False),
        (InputSpec(shape=shape),),
    )


def _stacks() -> dict[str, Callable[..., Any]]:
    from lightbench.models.stacks import STACKS  # imports torch

    return STACKS


def _stack_source(call: str) -> Source:
    from lightbench.models.sources.without_memory import without_memory  # imports torch

    name, args, kwargs = parse_call(call) or ("", [], {})
    if name not in _stacks():
        raise UnknownName(
            "stack", name or call, _stacks(), "See `lightbench list models --from stack`."
        )
    make = _stacks()[name]
    try:
        inspect.signature(make).bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(
            f"stack:{name} cannot be built with these settings: {error}.",
            f"Write stack:{name}{settings_of(make)}.",
        ) from error

    def build() -> Any:
        return made(f"stack:{call} cannot be built", make, *args, **kwargs)

    with without_memory():  # only to see its input
        shape = build().shape
    return Source(lambda: build().network, (InputSpec(shape=shape),))


LIBRARIES = {
    "torchvision": _Library(torchvision_source, torchvision_names),
    "timm": _Library(_timm_source, lambda: list(_timm().list_models())),
    "stack": _Library(
        _stack_source, lambda: [f"{name}{settings_of(make)}" for name, make in _stacks().items()]
    ),
}
