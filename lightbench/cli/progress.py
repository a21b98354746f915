"""Progress on stderr: a line with the time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from lightbench import units
from lightbench.timing.stopping import Progress
from lightbench.views.shorten import cut

SPINNER = 3  # cells: what turns, a space, and one that keeps the cursor in the line


class Reports(NamedTuple):
    """Where a measurement reports: ``say`` what it does, of several parts as many as there is room for; ``progress`` how
    far it is."""

    say: Callable[..., None]
    progress: Callable[[Progress], None] | None


@contextmanager
def reports(*, quiet: bool) -> Iterator[Reports]:
    """Reports to stderr if that is a terminal, and the user does not want quiet."""
    if quiet or not sys.stderr.isatty():  # rich would also take FORCE_COLOR for a terminal
        yield Reports(lambda *_parts: None, None)
        return
    console = Console(stderr=True)  # heeds NO_COLOR, and is silent where TERM is dumb
    with console.status(Text("planning")) as status:

        def say(*parts: str) -> None:
            status.update(Text(line(parts, console.width - SPINNER)))

        yield Reports(say, lambda now: say(*rounds(now)))


def line(parts: Sequence[str], width: int) -> str:
    """One line: the first part, cut if it must be, and others up to the one for which there is no room."""
    first, *more = (units.visible(part.partition("\n")[0]) for part in parts)
    line = cut(first, width)
    for part in more:
        if len(line) + len(part) + 2 > width:
            break
        line += f", {part}"
    return line


def rounds(now: Progress) -> list[str]:
    """How far they are."""
    said = [f"round {now.rounds}", f"{units.seconds(now.left_s)} left"]
    if now.worst_rel is not None:
        said.append(f"widest interval {units.margin(now.worst_rel)}")
    return said
