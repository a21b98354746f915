"""Formats: one file is one format. Each has ``SUFFIXES``, the file names it is chosen by, and

``render(view: View, *, width: int | None = None, colour: bool = False) -> str``

which returns text that ends with a newline and in which nothing that a record holds, such as a model
name, can act on the reader's terminal, browser, spreadsheet or pull request.
"""

from __future__ import annotations

from pathlib import Path

from lightbench import registry
from lightbench.errors import UsageError


def format_of(path: str | Path) -> str:
    """The format that a file name asks for: ``report.md`` is markdown. Raises UsageError."""
    known: dict[str, str] = {}
    for name in registry.names("format"):
        for suffix in registry.literal("format", name, "SUFFIXES") or ():
            known.setdefault(suffix, name)
    suffix = Path(path).suffix.lower()
    if suffix not in known:
        formats = ", ".join(f"{suffix} ({name})" for suffix, name in known.items())
        raise UsageError(
            f"no format is known for the file name {str(path)!r}.", f"Known: {formats}."
        )
    return known[suffix]
