"""How long the noise of a machine is listened to."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.compare.tolerance import check_tolerance
from lightbench.studies.settings import about, check_seconds

SECONDS = 60.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Gates take differences up to ``tolerance`` for none; they are drawn from ``seconds`` of pairs."""

    tolerance: Annotated[float, about("A smaller one is none.", fraction=True)] = TOLERANCE
    seconds: Annotated[float, about("Time to measure.")] = SECONDS

    def __post_init__(self) -> None:
        check_tolerance(self.tolerance)
        check_seconds(self.seconds, SECONDS)


USUAL_SETTINGS = Settings()
