"""How a run goes, whatever is measured: its random order, what it may run, what is known, who is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lightbench.records import Record
from lightbench.timing.stopping import Progress

Say = Callable[[str], None]
Report = Callable[[Progress], None]
Keep = Callable[[Record], None]
Finish = Callable[[int, Record], None]
SoFar = Callable[[Callable[[], Sequence[Record]]], None]


def unsaid(_text: str) -> None:
    """Nobody listens."""


def unkept(_record: Record) -> None:
    """It is nowhere stored."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """``seed`` fixes the random order of rounds. Files of Python code that were not named by the user
    are run only if ``trusted``. What ``stored`` holds is not measured again, unless ``force`` says so.
    ``say`` is told what is done now, ``progress`` how far the rounds are, and ``keep`` gets each new
    record as soon as it is known. After each round ``so_far`` gets a function that makes records of what
    there is, interrupted as they are: where ``stored`` has those of all cases of a run, it goes on."""

    seed: int | None = None
    trusted: bool = True
    stored: Sequence[Record] = ()
    force: bool = False
    say: Say = unsaid
    progress: Report | None = None
    keep: Keep = unkept
    so_far: SoFar | None = None


USUAL = Control()
