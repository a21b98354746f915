"""How well networks and peaks are to be known."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.studies.settings import about, check_seconds
from lightbench.timing.stopping import Rule

REL, SECONDS = 0.02, 3.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rounds end when every median is known within ``rel``, or after ``seconds`` for each network and
    each peak."""

    rel: Annotated[float, about("Wanted half width of the median's interval.")] = REL
    seconds: Annotated[float, about("Time for each network and each peak.")] = SECONDS

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SECONDS)
        Rule(rel=self.rel)  # raises UsageError

    @property
    def rule(self) -> Rule:
        """When the rounds end."""
        return Rule(rel=self.rel, max_s=self.seconds, warmup_s=min(self.seconds / 2, 3.0))
