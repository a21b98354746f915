"""How long a device card takes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.studies.settings import about


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``speed`` divides the time that a card takes: 2 is half a minute and wider intervals."""

    speed: Annotated[float, about("Divides the time that it takes.")] = 1.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.speed <= 10:
            raise UsageError(f"speed is between 0.1 and 10, got {self.speed!r}.", "Try 2.")
