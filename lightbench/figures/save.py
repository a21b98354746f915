"""A figure as a file, or as a part of a page."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.dom import Node, minidom

from lightbench import files
from lightbench.errors import UsageError
from lightbench.figures.hover import hang
from lightbench.figures.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Format -> metadata that would otherwise hold the date or the version of matplotlib.
METADATA: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
KNOWN = "{}, {} or {}".format(*METADATA)


def save(figure: Figure, path: str | Path) -> None:
    """Write an SVG, a PDF, or a PNG of 200 dots per inch, the same bytes for the same figure.

    Raises UsageError for another kind of file, StoreError for one that cannot be written.
    """
    path = Path(path)
    check(path)
    suffix = path.suffix.lower()
    content = _svg(figure).toxml("utf-8") if suffix == ".svg" else _written(figure, suffix)
    files.write(path, content)


def check(path: Path) -> None:
    """Raises UsageError for a kind of file that no figure is written as."""
    if path.suffix.lower() not in METADATA:
        raise UsageError(f"cannot draw into {str(path)!r}.", f"Known: {', '.join(METADATA)}.")


def svg_text(figure: Figure, prefix: str) -> str:
    """The ``<svg>`` element alone, for an HTML page: without metadata and style sheet, which would
    act on the whole page, and with ``prefix`` (letters, digits, dashes) before each id.

    Letters are ``<text>`` in a generic font. Tips are as `hover.hang` makes them. Drawn from the
    same records, it is the same text.
    """
    svg = _svg(figure, as_text=True)
    root = svg.documentElement
    assert root is not None
    for name in ("metadata", "style"):
        for found in list(root.getElementsByTagName(name)):
            if found.parentNode is not None:
                found.parentNode.removeChild(found)
    # what the style sheet said
    root.setAttribute("stroke-linejoin", "round")
    root.setAttribute("stroke-linecap", "butt")
    _tidy(root, prefix)
    return root.toxml()


def _written(figure: Figure, suffix: str, *, as_text: bool = False) -> bytes:
    from matplotlib import rcParams

    file = BytesIO()
    with style():
        if as_text:
            rcParams["svg.fonttype"] = "none"
            # lengths are computed with the first, Verdana's letters are as wide
            rcParams["font.sans-serif"] = ["DejaVu Sans", "Verdana"]
        figure.savefig(file, format=suffix[1:], dpi=200, metadata=METADATA[suffix])
    return file.getvalue()


def _svg(figure: Figure, *, as_text: bool = False) -> minidom.Document:
    written = _written(figure, ".svg", as_text=as_text)
    svg = minidom.parseString(written)  # noqa: S318 - matplotlib has just written it
    hang(svg)
    return svg


def _tidy(element: minidom.Element, prefix: str) -> None:
    """Without comments and line ends between elements; ids, and what refers to one, with a prefix."""
    for name, value in element.attributes.items():
        if name == "id":
            element.setAttribute(name, prefix + value)
        elif name.endswith("href"):
            element.setAttribute(name, re.sub("^#", f"#{prefix}", value))
        elif name != "data-model":
            element.setAttribute(name, value.replace("url(#", f"url(#{prefix}"))
    for child in list(element.childNodes):
        if child.nodeType == Node.ELEMENT_NODE:
            _tidy(child, prefix)
        elif child.nodeType == Node.COMMENT_NODE or not child.data.strip():
            element.removeChild(child)
