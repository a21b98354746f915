"""Names that are hard to draw, and what can be read in a figure."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lightbench.figures.style import style

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


def check_words(figure):
    """No words of a figure whose axes have no ticks overlap, or leave the picture."""
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        written = [
            figure._suptitle,
            *(t for a in figure.axes for t in (*a.texts, a.title, a._left_title)),
        ]
        boxes = [text.get_window_extent(renderer) for text in written if text.get_text()]
    for box in boxes:
        assert box.x0 >= -1
        assert box.x1 <= figure.bbox.width + 1
        assert box.y0 >= -1
        assert box.y1 <= figure.bbox.height + 1
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
