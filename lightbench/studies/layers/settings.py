"""How long operators are timed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.studies.settings import about, check_seconds

SECONDS = 5.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rounds end after ``seconds`` for each network."""

    seconds: Annotated[float, about("Time to measure.")] = SECONDS

    def __post_init__(self) -> None:
        check_seconds(self.seconds, SECONDS)
