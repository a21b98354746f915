"""Names that are hard to draw, and what can be read in a figure."""

from __future__ import annotations

import matplotlib as mpl

UGLY = [
    "<script>alert(1)</script>",
    r"$\foo$ $$ $x^2$",
    "a\nb\x1b[31m",
    "net\u202ecod",
    "\u7f51\u7edc",
    "W" * 300,
    "",
    "%s {0} _x_ \\frac",
]


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]
