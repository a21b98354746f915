"""Progress on stderr: a line with the time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from lightbench import units
from lightbench.timing.sampling import Progress


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
    with Console(stderr=True).status(Text("planning")) as status:

        def say(text: str) -> None:
            status.update(Text(units.visible(text.partition("\n")[0])))

        def progress(now: Progress) -> None:
            status.update(Text(_line(now)))

        yield Reports(say, progress)


def _line(now: Progress) -> str:
    parts: list[Any] = [f"round {now.rounds}", f"{units.seconds(now.left_s)} left"]
    if now.worst_rel is not None:
        parts.append(f"widest interval {units.margin(now.worst_rel)}")
    return ", ".join(parts)
