"""How all figures look: matplotlib's own defaults whatever the user has set, and no markup in text."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Names come from strangers: with mathtext or TeX, "$\foo$" would end the program or run commands.
LITERAL = {"parse_math": False, "usetex": False}

_SETTINGS = {
    "text.parse_math": False,
    "svg.hashsalt": "lightbench",
    "pdf.fonttype": 42,  # TrueType: publishers refuse the other kind, Type 3
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "hatch.linewidth": 0.5,
}


@contextmanager
def style() -> Iterator[None]:
    """To draw and to save under, since matplotlib reads some settings late."""
    from matplotlib import style as styles

    with styles.context(["default", _SETTINGS]), warnings.catch_warnings():
        # a letter that the font lacks is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
