"""A figure as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lightbench.errors import UsageError
from lightbench.plots._style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Format -> metadata that would otherwise hold the date or the version of matplotlib.
METADATA = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}


def save(figure: Figure, path: str | Path) -> None:
    """Write an SVG or a PNG of 200 dots per inch, the same bytes for the same figure.

    Raises UsageError for another kind of file, or one that cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in METADATA:
        raise UsageError(f"cannot draw into {str(path)!r}.", f"Known: {', '.join(METADATA)}.")
    try:
        with style():
            figure.savefig(path, format=suffix[1:], dpi=200, metadata=METADATA[suffix])
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}.") from error
