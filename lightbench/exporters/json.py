"""One JSON document with everything, raw samples included."""

from __future__ import annotations

from lightbench.exporters._json import encode
from lightbench.exporters._view import View

SUFFIXES = (".json",)


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """The view's data, indented by 2; unknown is null."""
    return encode(view.data, indent=2) + "\n"
