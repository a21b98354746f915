"""Progress on stderr: a line with the time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from lightbench import units
from lightbench.timing.stopping import Progress
from lightbench.views.shorten import cut

SPINNER = 3  # cells: what turns, a space, and one that keeps the cursor in the line


class Reports(NamedTuple):
    """Where a measurement reports: ``say`` what it does, ``progress`` how far it is."""

    say: Callable[[str], None]
    progress: Callable[[Progress], None] | None


@contextmanager
def reports(*, quiet: bool) -> Iterator[Reports]:
    """Reports to stderr if that is a terminal, and the user does not want quiet."""
    if quiet or not sys.stderr.isatty():  # rich would also take FORCE_COLOR for a terminal
        yield Reports(lambda _text: None, None)
        return
    console = Console(stderr=True)  # heeds NO_COLOR, and is silent where TERM is dumb
    with console.status(Text("planning")) as status:

        def say(text: str) -> None:
            status.update(
                Text(cut(units.visible(text.partition("\n")[0]), console.width - SPINNER))
            )

        def progress(now: Progress) -> None:
            status.update(Text(_line(now, console.width - SPINNER)))

        yield Reports(say, progress)


def _line(now: Progress, width: int) -> str:
    """How far it is, in one line: what there is no room for is left out from its end."""
    line = f"round {now.rounds}"
    more = [f"{units.seconds(now.left_s)} left"]
    if now.worst_rel is not None:
        more.append(f"widest interval {units.margin(now.worst_rel)}")
    for part in more:
        if len(line) + len(part) + 2 <= width:
            line += f", {part}"
    return line
