"""One JSON document with everything, raw samples included."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from lightbench.views.table import View

SUFFIXES = (".json",)


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """The view's data, indented by 2; unknown is null."""
    return encode(view.data, indent=2) + "\n"


_ESCAPE = re.compile(r"[^\n -~]|(?<=#)#(?=\[)")


def encode(data: Any, indent: int = -1) -> str:
    """One JSON document; what is not finite becomes null. A negative indent means one line."""
    compact = msgspec.json.encode(data)
    text = msgspec.json.format(compact, indent=indent).decode() if indent >= 0 else compact.decode()
    return _ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    """The JSON escape of a character that a terminal might act on, or GitHub's runner, to which ##[
    in a log begins a command; all others stay."""
    character = match[0]
    if character.isprintable() and character != "#":
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
