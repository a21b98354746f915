"""How long the noise of a machine is listened to."""

from __future__ import annotations

from typing import Annotated

from lightbench.studies.compare import settings as compare
from lightbench.studies.settings import about

SECONDS = 60.0


class Settings(compare.Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Gates take differences up to ``tolerance`` for none; they are drawn from ``seconds`` of pairs."""

    seconds: Annotated[float, about("Time to measure.")] = SECONDS


USUAL_SETTINGS = Settings()
