"""How many classes are told of an image, and how many images are seen at once."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lightbench.errors import UsageError
from lightbench.studies.settings import about

TOP, BATCH = 1, 32


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``top``: of each image the classes that are most probable; ``batch`` decides about memory and time alone."""

    top: Annotated[int, about("Classes of each image, the most probable ones.")] = TOP
    batch: Annotated[int, about("Images at once.")] = BATCH

    def __post_init__(self) -> None:
        for name, value in (("top", self.top), ("batch", self.batch)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(
                    f"{name} is a whole number above zero, got {value!r}.", f"Try --{name} 5."
                )
