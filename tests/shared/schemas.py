"""What PyTorch itself says about where the arguments of its operators stand: another source than our tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def operators(names: str) -> list[Any]:
    """Those of these names that this build of PyTorch has, with and without a namespace or overload."""
    found = []
    for name in names.split():
        space, _, rest = name.rpartition("::")
        base, _, overload = rest.partition(".")
        packet = getattr(getattr(torch.ops, space or "aten"), base, None)
        every = packet.overloads() if packet else []
        wanted = [each for each in every if overload in ("", each) and not each.endswith("out")]
        found += [getattr(packet, each) for each in wanted]
    return found


def arguments(operator: Any, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """A value for each argument by its name; None for one that has none."""
    return tuple(given.get(argument.name) for argument in operator._schema.arguments)


def places(operator: Any, names: str) -> tuple[int, ...]:
    """Where arguments of these names stand, in the order of the names."""
    found = [argument.name for argument in operator._schema.arguments]
    return tuple(found.index(name) for name in names.split() if name in found)
