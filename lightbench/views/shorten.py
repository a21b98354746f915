"""Texts that are longer than their place: cut, and yet told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from os.path import commonprefix

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "..."


def cut(text: str, width: int, tail: int | None = None) -> str:
    """The text in at most ``width`` terminal cells: a long one loses its middle, and keeps ``tail``
    cells of its end, half of them unless said."""
    if cell_len(text) <= width:
        return text
    room = max(width - len(ELLIPSIS), 0)
    tail = room // 2 if tail is None else tail
    end = set_cell_size(text[::-1], tail)[::-1] if tail else ""
    return set_cell_size(text, room - tail) + ELLIPSIS[:width] + end


def shorten(texts: Iterable[str], width: int) -> tuple[dict[str, str], list[str]]:
    """Each text as one of at most ``width`` cells, no two of them alike; and which had to be numbered.

    The middle goes. Where that would make two texts alike, the cut moves to where it leaves most of
    them apart, or what the long ones begin with goes; those that are alike even so get numbers.
    """
    different = tuple(dict.fromkeys(texts))
    best: list[str] = []
    for cuts in _cuts(different, width):
        if not best or len({*cuts}) > len({*best}):
            best = cuts
        if len({*best}) == len(different):
            break
    shown = dict(zip(different, best, strict=True))
    times = Counter(best)
    alike = [text for text in different if times[shown[text]] > 1]
    taken = {one for one in best if times[one] == 1}
    numbers = count(1)
    for text in alike:
        numbered = (_numbered(text, width, number) for number in numbers)
        shown[text] = next(one for one in numbered if one not in taken)
    return shown, alike


def _cuts(texts: tuple[str, ...], width: int) -> Iterator[list[str]]:
    """All texts, cut in each way that there is: the nearer to the middle, the sooner."""
    room = max(width - len(ELLIPSIS), 0)
    tails = sorted(range(room + 1), key=lambda tail: abs(tail - room // 2))
    yield from ([cut(text, width, tail) for text in texts] for tail in tails)
    begin = len(commonprefix([t for t in texts if cell_len(t) > width]))  # noqa: RUF071  no paths
    rest = [f"{ELLIPSIS}{text[begin:]}" if cell_len(text) > width else text for text in texts]
    yield from ([cut(text, width, tail) for text in rest] for tail in tails)


def _numbered(text: str, width: int, number: int) -> str:
    mark = f"#{number}"
    return cut(text, width - len(mark)) + mark
