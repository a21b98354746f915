"""Engines as they are written: ``openvino``, or ``openvino:defaults`` with what an engine can be asked for.

An engine's own options stand in its file, ``OPTIONS``: {"defaults": "what the list of engines says of it"}. Each of
them is a row beside the plain engine, so that what it changes is a ratio of the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from lightbench import registry
from lightbench.errors import UnknownName, UsageError

DEFAULTS = (
    "defaults"  # as it comes: threads, precision and waiting as the engine has them if nobody says
)


def name_of(text: str) -> str:
    """The engine's, without its options. Raises UnknownName for what is no text."""
    if not isinstance(text, str):  # from Python
        raise UnknownName("engine", text, registry.names("engine"))
    return text.partition(":")[0]


def options_of(text: str) -> tuple[str, ...]:
    """What it is asked for beside its name: "onnxruntime:unoptimized" -> ("unoptimized",)."""
    return tuple(filter(None, text.partition(":")[2].split("+")))


def known(name: str) -> dict[str, str]:
    """The options of an engine, and what each does. Nothing is imported for it."""
    return registry.literal("engine", name, "OPTIONS") or {}


def check(text: str) -> None:
    """Raises UnknownName, and UsageError for an option that it does not have."""
    name = name_of(text)
    if name not in registry.names("engine"):
        raise UnknownName("engine", name, registry.names("engine"))
    for option in options_of(text):
        if option not in known(name):
            others = [f"{name}:{each}" for each in known(name)]
            raise UsageError(
                f"{name} has no option {option!r}.",
                f"Known: {', '.join(others)}." if others else f"Try --engine {name}.",
            )


def find(text: str) -> ModuleType:
    """The engine's file. Raises UnknownName, UsageError."""
    check(text)
    return registry.load("engine", name_of(text))


def beside_defaults(texts: Iterable[str]) -> list[str]:
    """Each engine, and after it the same as it comes, where it can be asked for that."""
    found = []
    for text in texts:
        found.append(text)
        if DEFAULTS in known(name_of(text)) and not options_of(text):
            found.append(f"{text}:{DEFAULTS}")
    return found
