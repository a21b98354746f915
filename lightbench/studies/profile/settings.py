"""How well networks are to be known."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.studies.settings import about, check_seconds
from lightbench.timing.stopping import Rule

REL, SECONDS = 0.01, 10.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rounds end when every median is known within ``rel``, or after ``seconds`` for each case."""

    rel: Annotated[float, about("Wanted half width of the median's interval.")] = REL
    seconds: Annotated[float, about("Time for each case.")] = SECONDS

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SECONDS)
        Rule(rel=self.rel)  # raises UsageError
