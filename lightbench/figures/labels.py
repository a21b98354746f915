"""Words in figures: what each case is called, and where a label goes so that none covers another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from textwrap import wrap

from lightbench.records import Record
from lightbench.records.facets import Facet, shared, telling
from lightbench.units import visible

Point = tuple[float, float]


NAME, LABEL = 28, 40  # letters; wider ones would leave no room for the figure


def labels(
    records: Sequence[Record], facets: Sequence[Facet] | None = None
) -> tuple[list[str], str]:
    """A name for each case, with what tells it from the others (``facets``, or all there is); and what
    all have in common."""
    differs = telling(records) if facets is None else facets
    own = [
        (record.case.model, *(word for facet in differs for word in facet.said(record)))
        for record in records
    ]
    return [shorten(_joined(words), LABEL) for words in own], _joined(shared(records))


def _joined(words: Iterable[str]) -> str:
    return ", ".join(shorten(visible(word), NAME) for word in words)


def title(words: Iterable[str]) -> str:
    """What a figure is of, in at most three lines: words of any origin, whose letters may be wide."""
    return lines(", ".join(shorten(visible(word), NAME) for word in words if word), 110)


def lines(text: str, letters: int) -> str:
    """At most three lines of so many letters, of half as many where these are wide."""
    return "\n".join(wrap(text, letters // 2 if _wide(text) else letters)[:3])


def fitted(text: str, letters: int) -> str:
    """A text of any origin as one line of so many letters, of two thirds where these are wide."""
    text = visible(text)
    return shorten(text, letters * 2 // 3 if _wide(text) else letters)


def _wide(text: str) -> bool:
    return sum(letter in "WM@%" or not letter.isascii() for letter in text) > len(text) / 8


def shorten(text: str, longest: int) -> str:
    """A long text without its middle."""
    tail = (longest - 3) // 2
    return text if len(text) <= longest else f"{text[: longest - 3 - tail]}...{text[-tail:]}"


def place(points: Sequence[Point], sizes: Sequence[Point], room: Point, dot: float) -> list[Point]:
    """Where the centre of each label goes: near its point, over no other label and no point.

    ``points`` and ``sizes`` (width, height) in one unit, in a box from (0, 0) to ``room``; ``dot`` is
    the radius of a point. Tries ever wider circles; with no free place left it takes the last one.
    """
    taken = [(x, y, 2 * dot, 2 * dot) for x, y in points]
    centres = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        for step in range(12 * 16):
            radius = dot + height * (0.7 + 0.4 * (step // 16))
            angle = math.pi / 4 + math.pi / 8 * (step % 16)
            box = (
                x + (radius + width / 2 - height / 2) * math.cos(angle),
                y + radius * math.sin(angle),
                width,
                height,
            )
            if _inside(box, room) and not any(_overlap(box, other) for other in taken):
                break
        taken.append(box)
        centres.append(box[:2])
    return centres


Box = tuple[float, float, float, float]  # centre x, centre y, width, height


def _inside(box: Box, room: Point) -> bool:
    x, y, width, height = box
    return width / 2 <= x <= room[0] - width / 2 and height / 2 <= y <= room[1] - height / 2


def _overlap(a: Box, b: Box) -> bool:
    return abs(a[0] - b[0]) < (a[2] + b[2]) / 2 and abs(a[1] - b[1]) < (a[3] + b[3]) / 2
