"""How many findings are measured, and for how long."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.studies.settings import about, check_seconds

SECONDS = 2.0
TRIAL = 5  # times so long for a pair of networks at most


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``verify`` is how many of the dearest findings are measured, ``seconds`` for how long each; with ``trial`` the
    network is rewritten as they advise, where that can be done by itself, and timed five times as long at most."""

    verify: Annotated[int, about("How many findings are timed with and without their cause.")] = 0
    trial: Annotated[bool, about("Rewrite the network as is advised, and time it.")] = False
    seconds: Annotated[float, about("Time for each of them.")] = SECONDS

    def __post_init__(self) -> None:
        if isinstance(self.verify, bool) or not isinstance(self.verify, int) or self.verify < 0:
            raise UsageError(
                f"verify is how many findings, 0 or more, got {self.verify!r}.", "Try verify=5."
            )
        check_seconds(self.seconds, SECONDS)
