"""Optimisers and schedules as they are written: ``sgd:momentum=0.9,nesterov=true``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lightbench.errors import UnknownName, UsageError


class Named(NamedTuple):
    """A name with arguments."""

    name: str
    arguments: dict[str, Any]


def read(
    text: str, what: str, known: Mapping[str, Callable[..., Any]], own: tuple[str, ...]
) -> Named:
    """``name`` or ``name:key=value,...``; values are numbers, true, false or lists in brackets. ``own`` are the
    arguments that something else says. Raises UnknownName, UsageError."""
    name, _, rest = text.partition(":")
    if name not in known:
        raise UnknownName(what, name, tuple(known), f"Known: {', '.join(known)}.")
    takes = [p for p in inspect.signature(known[name]).parameters if p not in own]
    arguments = {}
    for part in _parts(rest):
        key, equals, value = part.partition("=")
        if not equals or key not in takes:
            raise UsageError(
                f"{what} {name} has no argument {part!r}.",
                f"It takes {', '.join(takes)}: {name}:{takes[0]}=...",
            )
        try:
            arguments[key] = json.loads(value)
        except ValueError as error:
            raise UsageError(
                f"{value!r} is no value of {key}.",
                "Write a number, true, false or a list: [30,45].",
            ) from error
    return Named(name, arguments)


def _parts(text: str) -> list[str]:
    """Split at commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
