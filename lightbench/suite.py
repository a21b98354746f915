"""Many cases -> records: plan them, skip what is stored, have the rest timed side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lightbench import registry
from lightbench.errors import (
    UsageError,
)

Say = Callable[[str], None]


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that says what to measure: ``models`` and, for each axis, one value or a list. Each of
    its tables is a study of `lightbench report`, and its keys are the settings of that."""

    models: list[str]
    input: str | list[str] | None = None
    batch: int | list[int] = 1
    threads: int | list[int] | None = None
    dtype: str | list[str] = "float32"
    mode: str | list[str] = "infer"
    layout: str | list[str] = "contiguous"
    engine: str | list[str] = "eager"
    rel: float = 0.01
    max_seconds: float = 10.0
    studies: dict[str, dict[str, Any]] = {}

    @property
    def axes(self) -> dict[str, Any]:
        """What is said of all models, as keywords of `lightbench.profile`."""
        apart = ("models", "studies")
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in apart}


def read_suite(path: Path) -> Suite:
    """Read a TOML suite. Raises UsageError for a file that is missing, not TOML, or has other keys."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        studies = {name: read.pop(name) for name, of in list(read.items()) if isinstance(of, dict)}
        return msgspec.convert({**read, "studies": studies}, Suite)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no suite {str(path)!r}.", 'Write a TOML file: models = ["mobilenet_v2"].'
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # of TOML, of its text, of its keys
        keys = ", ".join(name for name in Suite.__struct_fields__ if name != "studies")
        known = f"{keys}; tables: {', '.join(registry.names('study'))}"
        raise UsageError(
            f"cannot read the suite {path}: {error}.", f"Known keys: {known}."
        ) from error
