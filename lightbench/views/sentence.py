"""Sentences of a report: our words, and among them names of any origin, each marked as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self


class Name(str):
    """Text of any origin: a writer shows it as it is, and nothing in it acts."""

    __slots__ = ()


class Sentence(str):
    """The text; ``parts`` tells names from words, for writers whose format needs it."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Self:
        self = super().__new__(cls, "".join(parts))
        self.parts = parts
        return self


def listed(names: Sequence[str], most: int = 12) -> tuple[str, ...]:
    """Parts of a sentence: ``a, b and c``; of very many only the first, and how many more."""
    shown = list(names[:most])
    parts: list[str] = []
    for i, name in enumerate(shown):
        last = i == len(shown) - 1 and len(shown) == len(names)
        if i:
            parts.append(" and " if last else ", ")
        parts.append(Name(name))
    if len(names) > most:
        parts.append(f" and {len(names) - most} more")
    return tuple(parts)
