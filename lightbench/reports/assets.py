"""Style sheet and script of the page: files of one idea each, in ``page/``, put together as they are written into it.

The script is our own. Of the libraries that draw, each would be most of the page: Vega-Lite with Vega (800 kB, and an
interpreter for a policy without ``eval``), ECharts (1 MB; 400 kB of what is needed), Observable Plot with D3 (500 kB); uPlot
(50 kB) draws pixels, which no screen reader, no style sheet and no SVG file can take up. What is drawn here, points with
names and a front, and modules by what they take, is two files of a hundred lines, in the page's own colours.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

PAGE = Path(__file__).parent / "page"
TEMPLATE = "report.html.j2"
STYLES = (
    "base",
    "bar",
    "answer",
    "tables",
    "figures",
    "chart",
    "icicle",
    "folds",
    "phone",
    "print",
)
SCRIPTS = (  # what a file uses while it is read stands before it
    "dom",
    "text",
    "address",
    "models",
    "sorting",
    "filters",
    "bounds",
    "columns",
    "downloads",
    "tips",
    "scales",
    "labels",
    "chart",
    "answer",
    "tree",
    "icicle",
    "network",
    "pair",
    "live",
    "theme",
    "paper",
    "edges",
    "commands",
    "start",
)


def style() -> str:
    """All style sheets as one."""
    return "\n".join(_read(f"{name}.css") for name in STYLES)


def script() -> str:
    """All scripts as one, of which nothing is seen from outside."""
    body = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}}})();'


def digest(text: str) -> str:
    """What a Content-Security-Policy knows a text by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return PAGE.joinpath(name).read_text(encoding="utf-8")
