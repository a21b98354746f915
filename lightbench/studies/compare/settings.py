"""How sure a comparison is to be."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.compare.tolerance import check_tolerance
from lightbench.studies.settings import about, check_seconds

SECONDS = 60.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Differences up to ``tolerance`` are none; it ends after ``seconds`` at the latest."""

    tolerance: Annotated[float, about("A smaller one is none.", fraction=True)] = TOLERANCE
    seconds: Annotated[float, about("At most; less if it is clear.")] = SECONDS

    def __post_init__(self) -> None:
        check_tolerance(self.tolerance)
        check_seconds(self.seconds, SECONDS)
