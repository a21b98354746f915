"""Our own networks: ``mobilenet_v2``, and with settings of its builder ``mobilenet_v2(width=0.6)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.models.sources.calls import parse_call, settings_of
from lightbench.models.sources.source import DEFAULT_INPUT, Source, made
from lightbench.records import InputSpec

if TYPE_CHECKING:
    from torch import nn

FAMILY = "model family"


def own_names() -> dict[str, str]:
    """Our own networks and the family each belongs to; nothing is imported."""
    return {
        name: family
        for family in registry.names(FAMILY)
        for name in registry.literal(FAMILY, family, "VARIANTS") or ()
    }


def own_name(model: str) -> str | None:
    """``mobilenet_v2`` of ``mobilenet_v2(width=0.6)``; None for what is not one of ours."""
    name = model.partition("(")[0]
    return name if name in own_names() else None


def own_source(model: str) -> Source | None:
    """None for a name that is not one of ours. Raises UsageError for settings that cannot be read."""
    name = own_name(model)
    if name is None:
        return None
    family, call = own_names()[name], parse_call(model)
    if call is None or call.args:
        raise UsageError(
            f"cannot read the model {model!r}.",
            f"Settings have a name, and are numbers or other literals: {name}(num_classes=10).",
        )
    variant = variant_of(name)
    text = (registry.literal(FAMILY, family, "INPUTS") or {}).get(name, DEFAULT_INPUT)

    def build() -> nn.Module:
        function: Callable[..., nn.Module] = builder(name)
        settings = {**variant, **call.kwargs}
        if call.kwargs:
            _check_fits(name, function, settings)
            return made(f"{model} cannot be built", function, **settings)
        return function(**settings)

    return Source(build, (InputSpec.parse(text),))


def variant_of(name: str) -> dict[str, Any]:
    """The settings of its builder that one of our names stands for."""
    found: dict[str, Any] = registry.literal(FAMILY, own_names()[name], "VARIANTS")[name]
    return found


def builder(name: str) -> Callable[..., nn.Module]:
    """The function that builds one of ours from its settings; its family is imported."""
    function: Callable[..., nn.Module] = registry.load(FAMILY, own_names()[name]).build
    return function


def _check_fits(name: str, function: Callable[..., Any], settings: dict[str, Any]) -> None:
    try:
        inspect.signature(function).bind(**settings)
    except TypeError as error:
        raise UsageError(
            f"{name} cannot be built with these settings: {error}.",
            f"Write {name}{settings_of(function)}, or some of it.",
        ) from error
